// Every operation that can be written, in a module of its own, read back by two other programs.
#include <ATen/ATen.h>
#include <doctest/doctest.h>
#include <torch/script.h>

#include <set>

#include "export/onnx/verify.h"
#include "export/onnx/write.h"
#include "export/pictures.h"
#include "onnx/interpret.h"
#include "onnx/onnx_seal.h"
#include "scratch.h"

using namespace cvtool;

namespace {

constexpr int64_t kHeight = 6, kWidth = 9;

torch::jit::Module module_of(const std::string& body) {
  at::manual_seed(1);
  torch::jit::Module module("test");
  module.register_attribute("training", c10::BoolType::get(), false);
  module.register_buffer("kernel", at::randn({4, 3, 3, 2}) * 0.3);
  module.register_buffer("narrow", at::randn({6, 1, 3, 3}) * 0.3);
  module.register_buffer("bias", at::randn({4}));
  module.register_buffer("slope", at::rand({3}));
  module.register_buffer("matrix", at::randn({3 * kHeight * kWidth, 5}) * 0.1);
  module.register_buffer("five", at::randn({5}));
  module.register_buffer("mean", at::randn({3}));
  module.register_buffer("variance", at::rand({3}) + 0.5);
  module.register_buffer("row", at::rand({kWidth}) + 0.5);
  module.define("def forward(self, x):\n" + body);
  return module;
}

// [N,3,H,W] in [-1,1].
at::Tensor images(int64_t count) { return drawn_pictures(count, kHeight, kWidth).to(at::kFloat) / 127.5 - 1; }

struct Case {
  const char* body;
  bool opencv = true;  // OpenCV 4.6 reads it
};

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      // functions of each value
      {"    return torch.clamp(x, -0.5, 0.4)\n"},
      {"    return torch.clamp(x, max=0.25)\n"},
      {"    return torch.clip(x, -0.3)\n"},
      {"    return torch.elu(x, 0.7)\n"},
      {"    return torch.gelu(x)\n"},
      {"    return torch.hardsigmoid(4 * x)\n"},
      {"    return torch.hardswish(4 * x)\n"},
      {"    return torch.hardtanh(x, -0.4, 0.6)\n"},
      {"    return torch.leaky_relu(x, 0.1)\n"},
      {"    return torch.mish(x)\n"},
      {"    return torch.prelu(x, self.slope)\n"},
      {"    return torch.relu(x)\n"},
      {"    y = x + 0\n    y = torch.relu_(y)\n    return y + 1\n"},
      {"    return torch.relu6(9 * x)\n"},
      {"    return torch.selu(x)\n"},
      {"    return torch.sigmoid(x)\n"},
      {"    return torch.silu(x)\n"},
      {"    return torch.softplus(x)\n"},
      {"    return torch.tanh(x)\n"},
      {"    return torch.softmax(x, 1)\n"},
      {"    return torch.log_softmax(torch.flatten(x, 1), -1)\n"},
      // arithmetic
      {"    return torch.abs(x)\n"},
      {"    return torch.add(x, torch.tanh(x), alpha=2)\n"},
      {"    return torch.amax(x, [2, 3], True)\n"},
      {"    return x / (torch.abs(x) + 1)\n"},
      {"    return torch.erf(x)\n"},
      {"    return torch.exp(x)\n"},
      {"    return torch.floor(5 * x)\n"},
      {"    return torch.log(torch.abs(x) + 0.5)\n"},
      {"    return torch.mean(x, [2, 3])\n"},
      {"    return torch.mean(x, [1], True)\n"},
      {"    return x * torch.hardsigmoid(4 * torch.mean(x, [2, 3], True))\n"},
      {"    return torch.mul(x, self.slope.reshape([1, 3, 1, 1]))\n"},
      {"    return x + self.slope.reshape([1, 3, 1, 1])\n"},
      {"    return x * self.slope.reshape([1, 3, 1, 1]) - self.mean.reshape([3, 1, 1])\n"},
      {"    return torch.neg(x)\n"},
      {"    return torch.pow(x, 2)\n"},
      {"    return torch.reciprocal(torch.abs(x) + 0.5)\n"},
      {"    return torch.round(5 * x)\n"},
      {"    return torch.rsqrt(torch.abs(x) + 0.5)\n"},
      {"    return torch.rsub(x, 1, 2)\n"},
      {"    return torch.sqrt(torch.abs(x) + 0.5)\n"},
      {"    return torch.square(x)\n"},
      {"    return torch.sub(x, torch.tanh(x), alpha=0.5)\n"},
      // convolution, pooling, products
      {"    return torch.conv2d(x, self.kernel, self.bias, [2, 1], [1, 0], [1, 2], 1)\n"},
      {"    return torch.conv2d(x, self.narrow, None, [1, 1], [1, 1], [1, 1], 3)\n"},
      {"    return torch._convolution(x, self.kernel, self.bias, [1, 2], [1, 1], [1, 1], False, [0, 0], 1, False, "
       "False, True, True)\n"},
      {"    return torch.max_pool2d(x, [3, 2], [2, 2], [1, 0], [1, 1], False)\n"},
      {"    return torch.max_pool2d(x, [2, 2], [2, 2], [0, 0], [1, 1], True)\n"},
      {"    return torch.avg_pool2d(x, [3, 3], [2, 2], [1, 1], False, True)\n"},
      {"    return torch.avg_pool2d(x, [3, 3], [2, 2], [1, 1], False, False)\n"},
      {"    return torch.avg_pool2d(x, [2, 2], [2, 2], [0, 0], True, False)\n"},
      {"    return torch.avg_pool3d(x.unsqueeze(1), [3, 1, 1], [1, 1, 1], [1, 0, 0]).squeeze(1)\n"},
      {"    return torch.adaptive_avg_pool2d(x, [1, 1])\n"},
      {"    return torch.adaptive_avg_pool2d(x, [3, 3])\n"},
      {"    return torch.adaptive_avg_pool2d(x, [4, 7])\n"},
      {"    return torch.linear(torch.flatten(x, 1), self.matrix.t(), self.five)\n"},
      {"    return torch.linear(x.permute([0, 2, 3, 1]), self.kernel[:, :, 0, 0])\n"},
      {"    return torch.addmm(self.five, torch.flatten(x, 1), self.matrix)\n"},
      {"    return torch.mm(torch.flatten(x, 1), self.matrix)\n"},
      {"    return torch.matmul(torch.flatten(x, 1), self.matrix)\n"},
      {"    return torch.bmm(torch.flatten(x, 2), torch.flatten(x, 2).transpose(1, 2))\n"},
      {"    return torch.batch_norm(x, self.slope, self.mean, self.mean, self.variance, False, 0.1, 0.001, False)\n"},
      {"    return torch.layer_norm(x, [9], self.row, self.row, 0.001, False)\n", false},
      {"    return torch.layer_norm(x, [6, 9])\n", false},
      {"    y = torch.layer_norm(x.permute([0, 2, 3, 1]), [3], self.slope, self.mean, 0.001)\n    return y\n", false},
      {"    return torch.layer_norm(x, [6, 9]) + 1\n", false},
      // moving values about
      {"    return torch.alias(x) + 1\n"},
      {"    return torch.alpha_dropout(x, 0.5, False) + 1\n"},
      {"    return torch.feature_dropout(x, 0.5, False) + 1\n"},
      {"    return torch.dropout(x, 0.5, False) + 1\n"},
      {"    return torch.clone(x).detach().contiguous().to(6) + 1\n"},
      {"    return torch.cat([x, torch.relu(x)], -1)\n"},
      {"    a, b, c = torch.chunk(x, 3, 1)\n    return torch.cat([c, a, b], 1)\n"},
      {"    a, b = torch.split(x, 4, 2)\n    return torch.cat([b, a], 2)\n"},
      {"    a, b = torch.split_with_sizes(x, [1, 2], 1)\n    return torch.cat([b, a], 1)\n"},
      {"    return torch.constant_pad_nd(x, [1, 2, 0, 3], 0.5)\n"},
      {"    return torch.pad(x, [1, 0, 2, 0], 'constant', 0.)\n"},
      {"    return torch.flip(x, [1])\n"},
      {"    return x.permute([0, 2, 3, 1]) + 1\n"},
      {"    return torch.transpose(x, 2, -1) + 1\n"},
      {"    return torch.t(torch.t(torch.flatten(x, 1))) + 1\n"},
      {"    return x.reshape([x.size(0), -1]) + 1\n"},
      {"    return x.view([-1, 3, 2, 27]) + 1\n"},
      {"    return torch.unflatten(x, 2, [2, 3]) + 1\n"},
      {"    return torch.narrow(x, 1, 1, 2) + 1\n"},
      {"    return torch.narrow(x, 2, -4, 3) + 1\n"},
      {"    return torch.select(x, 1, -1) + 1\n"},
      {"    return x[:, 1:, ::2, -4:-1] + 1\n"},
      {"    return torch.squeeze(torch.unsqueeze(x, 1), 1) + 1\n"},
      // branches and loops over what is known
      {"    if x.size(2) > 4:\n        x = x * 2\n    for i in range(3):\n        x = x + i\n    return x\n"},
  };
  return all;
}

// The aten operations that a module calls, in place ones by their plain name.
std::set<std::string> operations_of(const torch::jit::Module& module) {
  std::set<std::string> names;
  for (const torch::jit::Node* node : module.get_method("forward").graph()->nodes()) {
    std::string name = node->kind().toQualString();
    if (name.back() == '_') name.pop_back();
    names.insert(name);
  }
  return names;
}

std::string refusal(const std::string& body) {
  return message_of([&] { onnx_from_torchscript(module_of(body), images(3), "y"); });
}

}  // namespace

TEST_CASE("Every operation gives in ONNX what it gives in TorchScript, in OpenCV and step by step, for any batch") {
  for (const Case& item : cases()) {
    CAPTURE(std::string(item.body));
    torch::jit::Module module = module_of(item.body);
    const OnnxModel onnx = onnx_from_torchscript(module, images(3), "y");
    const at::Tensor expected = module.forward({images(8)}).toTensor();
    const OnnxReport report = check_onnx(onnx_bytes(onnx), images(8), expected);
    REQUIRE(report.checks.size() == 2);
    for (const OnnxCheck& check : report.checks) {
      CAPTURE(check.reader);
      CAPTURE(check.refused);
      CHECK(check.difference < 1e-5);
      CHECK((check.refused.empty() || !item.opencv));
    }
    CHECK(report.outputs.sizes() == expected.sizes());
  }
}

TEST_CASE("Every operation gives the same in every opset, each written in that opset's own operations") {
  for (const Case& item : cases()) {
    CAPTURE(std::string(item.body));
    torch::jit::Module module = module_of(item.body);
    const at::Tensor expected = module.forward({images(5)}).toTensor();
    for (const OnnxOpset& opset : kOnnxOpsets) {
      CAPTURE(opset.number);
      const OnnxModel onnx = onnx_from_bytes(onnx_bytes(onnx_from_torchscript(module, images(3), "y", opset.number)));
      CHECK(relative_difference(OnnxInterpreter(onnx).run(images(5)), expected) < 1e-5);
    }
  }
  const auto count_of = [](const std::string& body, int64_t opset) {
    return onnx_from_torchscript(module_of(body), images(3), "y", opset).nodes.size();
  };
  const std::string norm = "    return torch.layer_norm(x, [6, 9])\n", gelu = "    return torch.gelu(x)\n";
  CHECK(count_of(norm, 13) > count_of(norm, 17));
  CHECK(count_of(norm, 17) == 2);
  CHECK(count_of(gelu, 18) > count_of(gelu, 20));
}

TEST_CASE("Every row of the table of operations is tried above") {
  std::set<std::string> tried;
  for (const Case& item : cases()) tried.merge(operations_of(module_of(item.body)));
  for (const std::string& name : onnx_operations()) {
    CAPTURE(name);
    CHECK(tried.count(name) == 1);
  }
}

TEST_CASE("What cannot be written is an error that names the operation") {
  CHECK(contains(refusal("    return torch.cumsum(x, 1)\n"), "cannot write the operation 'aten::cumsum' to ONNX"));
  CHECK(contains(refusal("    return x[0:1]\n"), "'aten::slice' to ONNX: it cuts the batch"));
  CHECK(contains(refusal("    return torch.narrow(x, 0, 0, 1)\n"), "'aten::narrow' to ONNX: it cuts the batch"));
  CHECK(contains(refusal("    return torch.mean(x, [0])\n"), "it goes over the batch"));
  CHECK(contains(refusal("    return torch.gelu(x, approximate='tanh')\n"), "it is approximated by 'tanh'"));
  CHECK(contains(refusal("    if bool(x.sum() > 0):\n        x = x * 2\n    return x\n"), "aten::"));
  CHECK(contains(refusal("    return self.mean\n"), "its result does not depend on the pixels"));
}
