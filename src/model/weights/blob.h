// Bytes of a weight file that the tensors in it share, and a reader that cannot leave them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace cvtool {

// A span of read-only bytes and the string that keeps them alive.
struct Blob {
  std::shared_ptr<const void> owner;
  std::string_view bytes;

  // The span [offset, offset + size); the caller has checked that it lies inside.
  Blob part(size_t offset, size_t size) const { return {owner, bytes.substr(offset, size)}; }
};

Blob blob_of(std::string bytes);

// Reads a file into memory, whatever becomes of it later. Throws Error naming the path and the reason.
Blob blob_of_file(const std::string& path);

constexpr const char* kFetchAgain = "the file is damaged or was cut off: fetch or save it again";

// Throws Error "ORIGIN: WHAT; NEXT_STEP". `origin` is the path of the weight file.
[[noreturn]] void fail_weights(const std::string& origin, const std::string& what,
                               const std::string& next_step = kFetchAgain);

// Reads little-endian values one after another. Every read past the end throws Error naming `origin` and the
// place.
class ByteReader {
 public:
  ByteReader(std::string_view bytes, const std::string& origin) : bytes_(bytes), origin_(origin) {}

  std::string_view take(uint64_t size_bytes);
  std::string_view line();  // up to '\n', which is consumed and not returned
  uint8_t u8();
  uint16_t u16();
  uint32_t u32();
  uint64_t u64();
  double big_endian_f64();

  size_t position() const { return position_; }
  size_t left() const { return bytes_.size() - position_; }
  const std::string& origin() const { return origin_; }
  [[noreturn]] void fail(const std::string& what) const;  // adds the place to `what`

 private:
  std::string_view bytes_;
  const std::string& origin_;
  size_t position_ = 0;
};

}  // namespace cvtool
