#include "model/archived/onnx_file.h"

#include <ATen/ATen.h>
#include <torch/custom_class.h>
#include <torch/script.h>

#include <functional>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <tuple>

#include "base/base64.h"
#include "base/error.h"
#include "model/archive.h"
#include "model/model_info.h"
#include "onnx/classifier_graph.h"
#include "onnx/interpret.h"
#include "onnx/onnx_runtime.h"
#include "torch/byte_tensor.h"

namespace cvtool {
namespace {

constexpr const char* kExportItAgain = "copy or export it again";

// The graph in TorchScript: a value of a class of its own. Copies are made by what it was made of, and are ready to
// compute when they are first asked.
class GraphObject : public torch::CustomClassHolder {
 public:
  using Parts = std::tuple<at::Tensor, std::string>;  // bytes of the graph [n] u8, the library that runs it

  explicit GraphObject(Parts parts) : parts_(std::move(parts)) {}

  const Parts& parts() const { return parts_; }

  // [N,C,H,W] u8 or f32 -> logits [N,units] f32. From several threads at once.
  at::Tensor run(const at::Tensor& images) {
    prepare();
    const at::Tensor x = images.to(at::kCPU, at::kFloat);
    return interpreter_ ? interpreter_->run(x) : runtime_->run(x, units_);
  }

  std::string runtime() {
    prepare();
    return runtime_ ? runtime_->version() : "";
  }

 private:
  void prepare() {
    std::call_once(ready_, [this] {
      const auto& [bytes, library] = parts_;
      OnnxModel graph = onnx_from_bytes(bytes_of_tensor(bytes));
      units_ = graph.output.dims.at(1);
      if (library.empty())
        interpreter_.emplace(std::move(graph));
      else
        runtime_ = std::make_unique<OnnxRuntime>(library, bytes_of_tensor(bytes));
    });
  }

  Parts parts_;
  std::once_flag ready_;
  int64_t units_ = 0;
  std::optional<OnnxInterpreter> interpreter_;
  std::unique_ptr<OnnxRuntime> runtime_;
};

using GraphPointer = c10::intrusive_ptr<GraphObject>;

// LibTorch knows the class from the first call on.
c10::TypePtr graph_type() {
  static const auto known =
      torch::class_<GraphObject>("cvtool", "OnnxGraph")
          .def("run", &GraphObject::run)
          .def_pickle([](const GraphPointer& graph) { return graph->parts(); },
                      [](GraphObject::Parts parts) { return c10::make_intrusive<GraphObject>(std::move(parts)); });
  return c10::getCustomClassType<GraphPointer>();
}

const char* probabilities_code(OnnxHead head) {
  switch (head) {
    case OnnxHead::kOneUnit:
      return "    p = torch.sigmoid(z)\n    return torch.cat([1.0 - p, p], 1)\n";
    case OnnxHead::kSigmoids:
      return "    return torch.sigmoid(z)\n";
    default:
      return "    return torch.softmax(z, 1)\n";
  }
}

OnnxModel parsed(const std::string& path, const std::string& bytes) {
  try {
    return onnx_from_bytes(bytes);
  } catch (const Error& error) {
    throw Error(path + ": is damaged or not an ONNX file of cvtool (it " + error.what() +
                "); cvtool runs what cvtool export --format onnx has written");
  }
}

}  // namespace

OnnxFile read_onnx_file(const std::string& path, const std::string& bytes) {
  OnnxFile file{path, parsed(path, bytes), {}, ""};
  const std::string text = onnx_metadata(file.graph, kInfoFile);
  if (text.empty())
    throw Error(path +
                ": is an ONNX file, but not of a cvtool model (nothing in it says its classes and how photos are "
                "prepared); cvtool runs what cvtool export --format onnx has written of one");
  file.info = checked_model_info(path, text);
  const std::vector<double> golden = onnx_golden_probabilities(file.graph);
  if (golden.size() != file.info.at("classes").size())
    throw Error(path + ": its golden sample is not of as many classes as it names; " + kExportItAgain);
  file.info["golden"]["probabilities"] = golden;
  try {
    file.golden = base64_decoded(onnx_metadata(file.graph, kOnnxGoldenPicture));
  } catch (const Error& error) {
    throw Error(path + ": its golden picture " + error.what() + "; " + kExportItAgain);
  }
  return file;
}

torch::jit::Module module_of(const OnnxFile& file, const std::string& library) {
  try {
    const LogitsGraph logits = logits_graph(file.graph);
    const auto graph =
        c10::make_intrusive<GraphObject>(GraphObject::Parts{tensor_of_bytes(onnx_bytes(logits.model)), library});
    const c10::TypePtr type = graph_type();
    torch::jit::Module module(c10::QualifiedName("__torch__.cvtool.OnnxClassifier"),
                              std::make_shared<torch::jit::CompilationUnit>(), true);
    module.register_attribute("training", c10::BoolType::get(), false);
    module.register_attribute("graph", type, c10::IValue(graph));
    graph->runtime();  // what cannot be run is found here
    const std::string code = probabilities_code(logits.head);
    module.define("def logits(self, x):\n    return self.graph.run(x)\n");
    module.define("def probabilities(self, z):\n" + code);
    module.define("def forward(self, x):\n    z = self.graph.run(x)\n" + code);
    return module;
  } catch (const UsageError&) {
    throw;
  } catch (const Error& error) {
    throw Error(file.path + ": cannot be run (it " + error.what() + "); export it again");
  }
}

std::string info_in_onnx_file(const std::string& bytes) {
  try {
    return onnx_metadata(onnx_from_bytes(bytes), kInfoFile);
  } catch (const Error&) {
    return "";
  }
}

std::string onnx_runtime_of(const torch::jit::Module& module) {
  if (!module.hasattr("graph") || !module.attr("graph").isObject()) return "";
  return module.attr("graph").toCustomClass<GraphObject>()->runtime();
}

}  // namespace cvtool
