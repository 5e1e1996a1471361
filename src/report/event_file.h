// Event files of TensorBoard: TFRecord framing around protocol-buffer messages (tensorflow/core/util/event.proto and
// tensorflow/core/framework/summary.proto), written by hand.
#pragma once

#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cvtool {

// CRC-32C (Castagnoli), and as TFRecord masks it: rotated right by 15 bits, plus 0xa282ead8.
uint32_t crc32c(const std::string& bytes);
uint32_t masked_crc32c(const std::string& bytes);

class EventFile {
 public:
  // A new file in the folder, which is made; `step` is where a resumed run goes on: TensorBoard drops what other files
  // of the folder hold from there on. Throws Error when it cannot be written.
  EventFile(const std::string& folder, int64_t step);

  void scalars(int64_t step, const std::vector<std::pair<std::string, double>>& values);

  // `encoded`: the bytes of a JPEG or PNG file.
  struct Picture {
    int64_t height = 0, width = 0;
    std::string encoded;
  };
  void picture(int64_t step, const std::string& tag, const Picture& picture);

 private:
  // An event with one field beside its time and step.
  void write_event(int64_t step, int field, std::string_view content);
  void write_record(const std::string& data);

  std::string path_;
  std::ofstream file_;
};

}  // namespace cvtool
