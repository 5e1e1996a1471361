#include "model/weights/h5_file.h"

#include "model/weights/h5_types.h"

namespace cvtool {
namespace {

constexpr uint64_t kMaxSteps = uint64_t{1} << 19;  // a net of a thousand layers takes some ten thousand
constexpr size_t kMaxBlocks = 1000;
constexpr int kMaxTreeLevel = 8;
constexpr uint64_t kNowhere = ~uint64_t{0};
constexpr uint32_t kSoftLink = 2;  // cache type of a symbol table entry

enum MessageType : uint16_t {
  kDataspace = 0x01,
  kDatatype = 0x03,
  kExternalFiles = 0x07,
  kLayout = 0x08,
  kAttribute = 0x0c,
  kContinuation = 0x10,
  kSymbolTable = 0x11,
};

void expect(ByteReader& in, std::string_view signature) {
  if (in.take(signature.size()) != signature) in.fail("lacks an HDF5 '" + std::string(signature) + "'");
}

}  // namespace

H5File::H5File(const Blob& file, const std::string& origin) : file_(file), origin_(origin) {
  ByteReader in(file_.bytes, origin_);
  expect(in, "\x89HDF\r\n\x1a\n");
  const uint8_t version = in.u8();
  if (version > 1) fail_weights(origin_, "is an HDF5 file of the newer layout", kSaveAgain);
  in.take(4);
  const bool wide = in.u8() == 8 && in.u8() == 8;  // bytes of an offset, of a length
  in.take(version == 0 ? 9 : 13);
  if (!wide || in.u64() != 0) fail_weights(origin_, "is an HDF5 file of an unusual layout", kSaveAgain);
  in.take(4 * 8);  // free space, end, driver, name of the root
  root_ = in.u64();
}

ByteReader H5File::reader_at(uint64_t address) const {
  ByteReader in(file_.bytes, origin_);
  in.take(address);
  return in;
}

void H5File::work() {
  if (++steps_ > kMaxSteps) fail_weights(origin_, "is an HDF5 file that leads round in circles");
}

void H5File::read_block(ByteReader& in, uint64_t end, std::vector<Message>& messages, std::vector<Message>& more) {
  while (in.position() + 8 <= end) {
    work();
    Message message;
    message.type = in.u16();
    const uint16_t size = in.u16();
    message.shared = (in.u8() & 2) != 0;
    in.take(3);
    message.address = in.position();
    message.data = in.take(size);
    (message.type == kContinuation ? more : messages).push_back(message);
  }
}

std::vector<H5File::Message> H5File::messages(H5Address object) {
  ByteReader in = reader_at(object);
  if (in.u8() != 1) fail_weights(origin_, "is an HDF5 file of the newer layout", kSaveAgain);
  in.take(7);  // reserved, number of messages, references
  const uint32_t size = in.u32();
  in.take(4);
  std::vector<Message> messages;
  std::vector<Message> more;
  read_block(in, in.position() + size, messages, more);
  for (size_t i = 0; i < more.size(); ++i) {
    if (i == kMaxBlocks) fail_weights(origin_, "is an HDF5 file that leads round in circles");
    ByteReader where(more[i].data, origin_);
    const uint64_t address = where.u64();
    const uint64_t length = where.u64();
    ByteReader block = reader_at(address);
    if (length > block.left()) block.fail("ends within an HDF5 object");
    read_block(block, address + length, messages, more);
  }
  return messages;
}

Blob H5File::heap(uint64_t address) const {
  ByteReader in = reader_at(address);
  expect(in, "HEAP");
  in.take(4);
  const uint64_t size = in.u64();
  in.take(8);
  ByteReader data = reader_at(in.u64());
  const size_t start = data.position();
  return file_.part(start, data.take(size).size());
}

std::map<std::string, H5Address> H5File::children(H5Address group) {
  std::map<std::string, H5Address> children;
  for (const Message& message : messages(group)) {
    if (message.type != kSymbolTable) continue;
    ByteReader in(message.data, origin_);
    const uint64_t tree = in.u64();
    const Blob names = heap(in.u64());
    read_node(tree, kMaxTreeLevel, names, children);
  }
  return children;
}

// A node of a version 1 B-tree; its level is below `level`.
void H5File::read_node(uint64_t address, int level, const Blob& names, std::map<std::string, H5Address>& children) {
  work();
  ByteReader in = reader_at(address);
  expect(in, "TREE");
  const uint8_t type = in.u8();
  const uint8_t own_level = in.u8();
  if (type != 0 || own_level >= level) in.fail("has a damaged HDF5 group");
  const uint16_t used = in.u16();
  in.take(16);  // siblings
  for (int i = 0; i < used; ++i) {
    in.take(8);  // key
    const uint64_t child = in.u64();
    if (own_level > 0) {
      read_node(child, own_level, names, children);
    } else {
      read_symbols(child, names, children);
    }
  }
}

void H5File::read_symbols(uint64_t address, const Blob& names, std::map<std::string, H5Address>& children) {
  ByteReader in = reader_at(address);
  expect(in, "SNOD");
  in.take(2);
  const uint16_t count = in.u16();
  for (int i = 0; i < count; ++i) {
    work();
    const uint64_t name = in.u64();
    const H5Address object = in.u64();
    const uint32_t kind = in.u32();
    in.take(20);
    const size_t end = name < names.bytes.size() ? names.bytes.find('\0', name) : std::string_view::npos;
    if (end == std::string_view::npos || end - name > kMaxNameBytes) in.fail("has a damaged name in an HDF5 group");
    if (kind != kSoftLink) children[std::string(names.bytes.substr(name, end - name))] = object;
  }
}

std::optional<H5Address> H5File::find(H5Address group, const std::string& path) {
  size_t start = 0;
  for (;;) {
    const size_t end = path.find('/', start);
    const auto names = children(group);
    const auto found = names.find(path.substr(start, end - start));
    if (found == names.end()) return std::nullopt;
    group = found->second;
    if (end == std::string::npos) return group;
    start = end + 1;
  }
}

std::optional<std::vector<std::string>> H5File::texts(H5Address object, const std::string& attribute) {
  for (const Message& message : messages(object)) {
    if (message.type != kAttribute || message.shared) continue;
    ByteReader in(message.data, origin_);
    const H5Attribute found = read_attribute(in);
    if (found.name == attribute) return texts_of(found, in);
  }
  return std::nullopt;
}

RawTensor H5File::tensor(H5Address dataset, const std::string& name) {
  RawTensor tensor;
  tensor.name = name;
  H5Layout layout;
  bool has_type = false;
  bool has_space = false;
  for (const Message& message : messages(dataset)) {
    ByteReader in(message.data, origin_);
    const bool needed = message.type == kDataspace || message.type == kDatatype || message.type == kLayout;
    if (message.type == kExternalFiles || (needed && message.shared)) {
      fail_weights(origin_, "weight '" + name + "' is stored in an unusual way", kSaveAgain);
    }
    if (message.type == kDataspace) tensor.shape = read_shape(in), has_space = true;
    if (message.type == kDatatype) tensor.dtype = number_type(read_datatype(in), name, in), has_type = true;
    if (message.type == kLayout) layout = read_layout(in, message.address, name);
  }
  if (!has_type || !has_space) fail_weights(origin_, "'" + name + "' is not a weight");
  tensor.strides = contiguous_strides(tensor.shape);
  const int64_t count = element_count(tensor.shape);
  if (count < 0)
    fail_weights(origin_, "weight '" + name + "' of shape " + dimensions_text(tensor.shape) + " is impossibly big");
  const auto size = static_cast<uint64_t>(count);
  const bool lies_inside = layout.address <= file_.bytes.size() &&
                           layout.bytes <= file_.bytes.size() - layout.address &&
                           size <= layout.bytes / element_bytes(tensor.dtype);
  if (count > 0 && (layout.address == kNowhere || !lies_inside)) {
    fail_weights(origin_,
                 "weight '" + name + "' of shape " + dimensions_text(tensor.shape) + " reaches beyond its data");
  }
  if (count > 0) tensor.storage = file_.part(layout.address, size * element_bytes(tensor.dtype));
  return tensor;
}

}  // namespace cvtool
