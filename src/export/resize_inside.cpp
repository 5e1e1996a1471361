#include "export/resize_inside.h"

#include <torch/script.h>

#include "base/error.h"

namespace cvtool {
namespace {

// A type goes by its number here (c10::ScalarType: 6 is float32, 4 int64): code that is compiled from C++ has no
// torch.float32.

// What part of an axis is used: [length, offset]; see axis_of in data/resize.cpp.
constexpr const char* kStretch = "    length = size\n    offset = 0\n";
constexpr const char* kFitted =
    "    aspect = torch.full([1], float(other), dtype=6) * float(target) / float(other_target)\n"
    "    fitted = max(1, int(aspect.item()))\n";
constexpr const char* kCrop = "    length = min(size, fitted)\n    offset = (size - length) // 2\n";
constexpr const char* kPad = "    length = max(size, fitted)\n    offset = -((length - size) // 2)\n";

// The pixels at `index`; black where the photo is padded.
constexpr const char* kTake =
    "def take(self, x, index, dim: int, length: int, offset: int):\n"
    "    at = index.clamp(0, length - 1).to(4) + offset\n"
    "    inside = torch.logical_and(at >= 0, at < x.size(dim)).to(x)\n"
    "    y = x.index_select(dim, at.clamp(0, x.size(dim) - 1))\n"
    "    return y * (inside.reshape([-1, 1]) if dim == 2 else inside)\n";

constexpr const char* kNearest = "    return self.take(x, torch.floor((steps + 0.5) * scale), dim, length, offset)\n";
constexpr const char* kBilinear =
    "    at = (steps + 0.5) * scale - 0.5\n"
    "    low = torch.floor(at)\n"
    "    share = at - low\n"
    "    if dim == 2:\n"
    "        share = share.reshape([-1, 1])\n"
    "    a = self.take(x, low, dim, length, offset)\n"
    "    b = self.take(x, torch.ceil(at), dim, length, offset)\n"
    "    return a + (b - a) * share\n";

std::string axis_method(const ResizeRule& rule) {
  std::string body =
      "def resize_axis(self, x, dim: int, target: int, other: int, other_target: int):\n    size = x.size(dim)\n";
  if (rule.resize == "stretch")
    body += kStretch;
  else
    body += std::string(kFitted) + (rule.resize == "crop" ? kCrop : kPad);
  body +=
      "    steps = torch.arange(target, dtype=6, device=x.device)\n"
      "    scale = torch.full([1], float(length), dtype=6, device=x.device) / float(target)\n";
  return body + (rule.interpolation == "nearest" ? kNearest : kBilinear);
}

}  // namespace

torch::jit::Module with_resize_inside(const torch::jit::Module& classifier, const ResizeRule& rule) {
  if (rule.interpolation != "nearest" && rule.interpolation != "bilinear")
    throw UsageError("--with-resize: the model was trained with the interpolation '" + rule.interpolation +
                     "'; only nearest and bilinear can be put inside a model");
  torch::jit::Module module(c10::QualifiedName("__torch__.cvtool.ResizingClassifier"),
                            std::make_shared<torch::jit::CompilationUnit>(), true);
  module.register_attribute("training", c10::BoolType::get(), false);
  module.register_module("classifier", classifier);
  module.define(kTake);
  module.define(axis_method(rule));
  const std::string height = std::to_string(rule.size.height), width = std::to_string(rule.size.width);
  const std::string resize =
      "    h = x.size(2)\n    w = x.size(3)\n    x = x.to(6)\n"
      "    x = self.resize_axis(x, 3, " +
      width + ", h, " + height +
      ")\n"
      "    x = self.resize_axis(x, 2, " +
      height + ", w, " + width +
      ")\n"
      "    x = torch.floor(x + 0.5)\n";
  module.define("def forward(self, x):\n" + resize + "    return self.classifier.forward(x)\n");
  module.define("def logits(self, x):\n" + resize + "    return self.classifier.logits(x)\n");
  module.define("def probabilities(self, z):\n    return self.classifier.probabilities(z)\n");
  return module;
}

}  // namespace cvtool
