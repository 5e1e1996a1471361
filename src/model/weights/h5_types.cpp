#include "model/weights/h5_types.h"

#include "base/text.h"
#include "model/weights/raw_tensor.h"

namespace cvtool {
namespace {

constexpr int64_t kMaxTexts = 100000;

struct NumberRow {
  uint8_t kind;
  uint32_t bytes;
  bool is_signed;
  uint8_t exponent_bits;
  DType dtype;
};
constexpr NumberRow kNumbers[] = {
    {H5Datatype::kFloat, 2, false, 5, DType::kF16},  {H5Datatype::kFloat, 2, false, 8, DType::kBF16},
    {H5Datatype::kFloat, 4, false, 8, DType::kF32},  {H5Datatype::kFloat, 8, false, 11, DType::kF64},
    {H5Datatype::kInteger, 1, false, 0, DType::kU8}, {H5Datatype::kInteger, 1, true, 0, DType::kI8},
    {H5Datatype::kInteger, 2, true, 0, DType::kI16}, {H5Datatype::kInteger, 4, true, 0, DType::kI32},
    {H5Datatype::kInteger, 8, true, 0, DType::kI64},
};

uint64_t padded(uint64_t size, bool to_8) { return to_8 ? (size + 7) / 8 * 8 : size; }

}  // namespace

std::vector<int64_t> read_shape(ByteReader& in) {
  const uint8_t version = in.u8();
  const uint8_t rank = in.u8();
  in.u8();
  const uint8_t kind = in.u8();
  if (version == 1) in.take(4);
  const bool is_null = version == 2 && kind == 2;
  if (version < 1 || version > 2 || is_null || rank > kMaxDimensions) in.fail("has an unknown HDF5 shape");
  std::vector<int64_t> shape;
  for (int i = 0; i < rank; ++i) {
    const uint64_t size = in.u64();
    if (size > static_cast<uint64_t>(INT64_MAX)) in.fail("has an impossible HDF5 shape");
    shape.push_back(static_cast<int64_t>(size));
  }
  return shape;
}

H5Datatype read_datatype(ByteReader& in) {
  H5Datatype type;
  type.kind = in.u8() & 15;
  type.flags = in.u8();
  type.flags |= static_cast<uint32_t>(in.u16()) << 8;
  type.bytes = in.u32();
  if (type.kind == H5Datatype::kFloat) {
    in.take(5);  // bit offset, precision, place of the exponent
    type.exponent_bits = in.u8();
  }
  return type;
}

H5Attribute read_attribute(ByteReader& in) {
  const uint8_t version = in.u8();
  const uint8_t shared = in.u8();
  const uint64_t name_bytes = in.u16();
  const uint64_t type_bytes = in.u16();
  const uint64_t shape_bytes = in.u16();
  if (version < 1 || version > 3 || (version > 1 && shared != 0)) in.fail("has an unknown HDF5 attribute");
  if (version == 3) in.u8();  // character set
  H5Attribute attribute;
  const auto name = in.take(padded(name_bytes, version == 1));
  attribute.name = name.substr(0, name.find('\0'));
  ByteReader type(in.take(padded(type_bytes, version == 1)), in.origin());
  attribute.type = read_datatype(type);
  const auto shape_message = in.take(padded(shape_bytes, version == 1));
  // An empty list of names is a list of no numbers, or has no shape at all.
  const bool is_null = shape_message.size() >= 4 && shape_message[0] == 2 && shape_message[3] == 2;
  ByteReader shape(shape_message, in.origin());
  attribute.shape = is_null ? std::vector<int64_t>{0} : read_shape(shape);
  return attribute;
}

std::vector<std::string> texts_of(const H5Attribute& attribute, ByteReader& in) {
  const int64_t count = element_count(attribute.shape);
  if (count == 0) return {};
  if (attribute.type.kind == H5Datatype::kVariable) {
    fail_weights(in.origin(), "has " + attribute.name + " of variable length, which Keras does not write", kSaveAgain);
  }
  if (attribute.type.kind != H5Datatype::kText || count < 0 || count > kMaxTexts)
    in.fail("has damaged " + attribute.name);
  std::vector<std::string> texts;
  for (int64_t i = 0; i < count; ++i) {
    const auto text = in.take(attribute.type.bytes);
    texts.emplace_back(text.substr(0, text.find('\0')));
    if (texts.back().size() > kMaxNameBytes) in.fail("has a name of more than 1,000 bytes");
  }
  return texts;
}

DType number_type(const H5Datatype& type, const std::string& name, const ByteReader& in) {
  const bool is_big_endian = (type.flags & 1) != 0;
  const bool is_signed = type.kind == H5Datatype::kInteger && (type.flags & 8) != 0;
  for (const auto& row : kNumbers) {
    const bool fits = row.kind == type.kind && row.bytes == type.bytes && row.is_signed == is_signed &&
                      row.exponent_bits == type.exponent_bits;
    if (fits && !is_big_endian) return row.dtype;
  }
  fail_weights(in.origin(), "weight '" + name + "' does not hold little-endian numbers", kSaveAgain);
}

H5Layout read_layout(ByteReader& in, uint64_t message_address, const std::string& name) {
  enum Class : uint8_t { kCompact = 0, kContiguous = 1 };
  const uint8_t version = in.u8();
  const uint8_t kind = in.u8();
  H5Layout layout;
  if (version == 3 && kind == kCompact) {
    layout.bytes = in.u16();
    layout.address = message_address + in.position();
  } else if (version == 3 && kind == kContiguous) {
    layout.address = in.u64();
    layout.bytes = in.u64();
  } else {
    fail_weights(in.origin(), "weight '" + name + "' is compressed or cut into chunks", kSaveAgain);
  }
  return layout;
}

}  // namespace cvtool
