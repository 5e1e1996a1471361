#include <torch/csrc/jit/api/module.h>

#include "fuzz.h"
#include "model/archive.h"
#include "model/archived/weight_archive.h"
#include "model/model_info.h"
#include "model/weights/safetensors.h"

// What a model file says of itself, alone, in a zip archive, or in a file of weights, which also becomes a net again.
// The TorchScript in an archive is LibTorch's to read.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes = cvtool::text_of(data, size);
  return cvtool::answered([&] {
    if (cvtool::is_safetensors(bytes)) {
      const auto archive = cvtool::read_weight_archive("fuzz", bytes);
      if (bytes.size() < 20000) cvtool::module_of(archive);
      return;
    }
    const bool zip = bytes.compare(0, 2, "PK") == 0;
    if (zip) cvtool::check_archive("fuzz", bytes, "again");
    const std::string text = zip ? cvtool::text_in_archive(bytes, std::string("/") + cvtool::kInfoFile) : bytes;
    const cvtool::Json info = cvtool::checked_model_info("fuzz", text);
    cvtool::archive_digest(bytes);
    cvtool::golden_picture(info, bytes);
    if (info.contains("summary") && info["summary"].is_object()) cvtool::stored_layer_table(info["summary"], "fuzz");
  });
}
