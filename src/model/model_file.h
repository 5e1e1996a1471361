// The model file: TorchScript with everything that is known of the model in the extra file `cvtool.json`, or the
// weights and the same knowledge without code (archived/weight_archive.h), or an ONNX file that cvtool exported
// (archived/onnx_file.h). Which of them it is, only this and verify know.
#pragma once

#include <torch/csrc/jit/api/module.h>

#include <string>
#include <vector>

#include "base/fields.h"
#include "model/compile.h"

namespace cvtool {

constexpr int64_t kModelFormat = 1;
// By how much the probabilities of a golden sample may differ: convolution algorithms differ between processors and
// threads by rounding alone.
constexpr double kGoldenTolerance = 1e-3;

enum class ModelForm { kTorchScript, kWeights, kOnnx };

struct ModelFile {
  torch::jit::Module module;  // see Net::module; evaluation mode, CPU
  Json info;                  // classes, imgsz, recipe, summary, metrics, data, provenance
  at::Tensor golden;          // [1,C,H,W] u8: the picture of the self-test
  std::string digest;         // of the file that it was read from (see archive.h); "" where that was not checked
  ModelForm form = ModelForm::kTorchScript;  // of the file that it was read from, and that save_model writes

  // False of an ONNX file, whose graph is one operation: it can be asked, and has no layers and no weights.
  bool has_net() const { return form != ModelForm::kOnnx; }
};

// When a model is checked as it is read: always, or unless this user has had the same file checked before.
enum class ModelCheck { kFull, kOnce };

// Of a model's info.
std::vector<std::string> model_classes(const Json& info);

// The net of a model file, to be trained on; its rows are left empty (info holds the summary). Throws UsageError when
// it does not take pictures of `imgsz`.
Net net_of(const ModelFile& model, const ImageSize& imgsz);

// Adds the golden picture and the probabilities that the module gives for it in float32 to the model's info. Throws
// Error when they are not finite.
void add_golden_sample(ModelFile& model, const at::Tensor& picture);

// Largest difference between the stored probabilities of the golden picture and those that the module gives here.
double golden_difference(const ModelFile& model);

// The picture whose bytes a file keeps, of the size and channels that `info` says, [1,C,H,W] u8; undefined where it is
// not of it.
at::Tensor golden_picture(const Json& info, const std::string& bytes);

// What a model file of TorchScript holds, with a digest of its bytes; the same model gives the same bytes. The module
// must be on the CPU.
std::string model_bytes(const ModelFile& model);

// Writes the model atomically, in its form. Throws Error, of an ONNX file always.
void save_model(const std::string& path, const ModelFile& model);

// Throws UsageError for a model without a net (has_net): "PATH: is an ONNX file, so it cannot be WHAT; name ...".
void require_net(const std::string& path, const ModelFile& model, const std::string& what);

// Reads a model file of any form, told apart by content, compares its checksums and its digest and runs its
// self-test, where `check` asks for it. Throws Error naming the file: not a model, truncated, of a newer format,
// changed after it was written, one that does not reproduce its golden sample, or weights whose base is not there. An
// ONNX file is run by what onnx_runtime_library says; ONNX Runtime must give its golden sample as the interpreter does.
ModelFile load_model(const std::string& path, ModelCheck check = ModelCheck::kFull);

// True when the file says that it is a classifier of cvtool, false for a backbone, other TorchScript and anything else.
bool is_model_file(const std::string& path);

}  // namespace cvtool
