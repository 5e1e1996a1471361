#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <optional>

#include "base/error.h"
#include "base/text.h"
#include "data/archive/archive_index.h"

namespace cvtool {
namespace {

constexpr uint64_t kBlock = 512;
constexpr uint64_t kMaxExtendedBytes = uint64_t{1} << 20;  // of names and attributes written before an entry
constexpr uint64_t kZerosAtOnce = uint64_t{1} << 20;

// Where a field lies in a header.
struct TarField {
  size_t begin, size;
};
constexpr TarField kName{0, 100}, kSize{124, 12}, kChecksum{148, 8}, kTarMagic{257, 5}, kPrefix{345, 155};
constexpr size_t kKindAt = 156;

std::string text_in(const std::string& header, TarField field) {
  const std::string text = header.substr(field.begin, field.size);
  return text.substr(0, text.find('\0'));
}

// Octal digits between blanks, or GNU's base 256.
std::optional<uint64_t> number_in(const std::string& header, TarField field) {
  const std::string text = header.substr(field.begin, field.size);
  uint64_t number = 0;
  if (static_cast<uint8_t>(text[0]) == 0x80) {
    for (size_t i = 1; i < text.size(); ++i) {
      if (number >> 55) return {};
      number = number << 8 | static_cast<uint8_t>(text[i]);
    }
    return number;
  }
  size_t at = text.find_first_not_of(' ');
  for (; at < text.size() && text[at] >= '0' && text[at] <= '7'; ++at)
    number = number << 3 | static_cast<uint64_t>(text[at] - '0');
  const bool ends = at >= text.size() || text[at] == ' ' || text[at] == '\0';
  return ends ? std::optional<uint64_t>(number) : std::nullopt;
}

bool is_header(const std::string& block) {
  const std::optional<uint64_t> written = number_in(block, kChecksum);
  uint64_t sum = 0;
  for (size_t i = 0; i < block.size(); ++i)
    sum +=
        i >= kChecksum.begin && i < kChecksum.begin + kChecksum.size ? uint64_t{' '} : static_cast<uint8_t>(block[i]);
  return written && *written == sum;
}

bool is_zero(const std::string& bytes) { return bytes.find_first_not_of('\0') == std::string::npos; }

// "LENGTH KEY=VALUE\n", where the length counts all of it.
std::map<std::string, std::string> attributes_of(const std::string& text) {
  std::map<std::string, std::string> attributes;
  size_t at = 0;
  while (at < text.size()) {
    size_t length = 0, digits = at;
    for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9' && length < kMaxExtendedBytes; ++digits)
      length = length * 10 + static_cast<size_t>(text[digits] - '0');
    const size_t equals = text.find('=', digits);
    const size_t end = at + length;
    if (digits >= text.size() || text[digits] != ' ' || end > text.size() || equals >= end || text[end - 1] != '\n')
      throw DataError("has damaged attributes before an entry; make the archive anew");
    attributes[text.substr(digits + 1, equals - digits - 1)] = text.substr(equals + 1, end - equals - 2);
    at = end;
  }
  return attributes;
}

std::string why_refused(char kind) {
  switch (kind) {
    case '1':
      return "is a hard link (tar's --hard-dereference stores files in their place)";
    case '2':
      return "is a symbolic link (tar's -h stores files in their place)";
    case '3':
    case '4':
      return "is a device";
    case '6':
      return "is a FIFO";
    default:
      return std::string("is of a kind that is not read, '") + kind + "'";
  }
}

class TarReader {
 public:
  explicit TarReader(const ArchiveFile& file) : file_(file) {}

  std::vector<ArchiveEntry> read() {
    while (true) {
      if (!file_.holds(at_, kBlock))
        throw DataError(entries_.empty() && at_ == 0 ? "is no TAR or ZIP file"
                                                     : "has no end: it is cut short; fetch or make it again");
      const std::string header = file_.read(at_, kBlock);
      if (is_zero(header)) break;
      if (!is_header(header))
        throw DataError(at_ == 0 ? "is no TAR or ZIP file"
                                 : "is damaged at byte " + with_thousands(static_cast<int64_t>(at_)) +
                                       ", where an entry should begin; fetch or make it again");
      at_ += kBlock;
      take(header);
    }
    check_end();
    return std::move(entries_);
  }

 private:
  void take(const std::string& header) {
    const char kind = header[kKindAt];
    const std::optional<uint64_t> written = number_in(header, kSize);
    const bool extends = kind == 'L' || kind == 'K' || kind == 'x' || kind == 'g';
    const std::string name = extends ? "" : name_of(header);
    const std::optional<uint64_t> bytes = extends ? written : size_of(written);
    if (!bytes || !file_.holds(at_, *bytes)) {
      if (extends) throw DataError("is cut short in what stands before an entry; fetch or make it again");
      refuse_entry(name, "is larger than what is there: the archive is cut short or damaged");
    }
    if (extends)
      extend(kind, *bytes);
    else
      add(kind, name, *bytes);
    at_ += (*bytes + kBlock - 1) / kBlock * kBlock;
  }

  // What says more of the entry that follows.
  void extend(char kind, uint64_t bytes) {
    if (bytes > kMaxExtendedBytes) throw DataError("has attributes of more than 1 MiB; make the archive anew");
    const std::string text = file_.read(at_, bytes);
    if (kind == 'L') long_name_ = text.substr(0, text.find('\0'));
    if (kind == 'x') attributes_ = attributes_of(text);
  }

  std::string name_of(const std::string& header) const {
    if (const auto path = attributes_.find("path"); path != attributes_.end()) return path->second;
    if (!long_name_.empty()) return long_name_;
    const bool posix = text_in(header, kTarMagic) == "ustar" && header[kTarMagic.begin + kTarMagic.size] == '\0';
    const std::string prefix = posix ? text_in(header, kPrefix) : "";
    return (prefix.empty() ? "" : prefix + "/") + text_in(header, kName);
  }

  std::optional<uint64_t> size_of(std::optional<uint64_t> written) const {
    const auto size = attributes_.find("size");
    if (size == attributes_.end()) return written;
    uint64_t number = 0;
    for (const char c : size->second) {
      if (c < '0' || c > '9' || number >> 58) return {};
      number = number * 10 + static_cast<uint64_t>(c - '0');
    }
    return number;
  }

  void add(char kind, const std::string& written, uint64_t bytes) {
    for (const auto& [key, value] : attributes_)
      if (starts_with(key, "GNU.sparse")) refuse_entry(written, "has holes in it (tar's --sparse)");
    const std::string name = name_in_archive(written);
    const bool is_folder = kind == '5' || (kind == '\0' && ends_with(written, "/"));
    if (!is_folder && kind != '0' && kind != '\0' && kind != '7') refuse_entry(written, why_refused(kind));
    if (!is_folder && name.empty()) refuse_entry(written, "has no name");
    if (!is_folder) entries_.push_back({name, at_, bytes, bytes});
    long_name_.clear();
    attributes_.clear();
  }

  // Behind the last entry there is nothing but zeros, two blocks at least.
  void check_end() const {
    if (!file_.holds(at_, 2 * kBlock)) throw DataError("has half an end: it is cut short; fetch or make it again");
    for (uint64_t at = at_; at < file_.bytes(); at += kZerosAtOnce)
      if (!is_zero(file_.read(at, std::min(kZerosAtOnce, file_.bytes() - at))))
        throw DataError("goes on behind its end: several archives in one file, or damage; make the archive anew");
  }

  const ArchiveFile& file_;
  uint64_t at_ = 0;
  std::string long_name_;
  std::map<std::string, std::string> attributes_;
  std::vector<ArchiveEntry> entries_;
};

}  // namespace

std::vector<ArchiveEntry> tar_entries(const ArchiveFile& file) { return TarReader(file).read(); }

}  // namespace cvtool
