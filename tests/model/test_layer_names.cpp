// Names of layers, and what a net may end in.
#include <ATen/ATen.h>
#include <doctest/doctest.h>
#include <torch/script.h>

#include <sstream>

#include "base/error.h"
#include "model/compile.h"
#include "model/stages.h"
#include "scratch.h"

using namespace cvtool;

namespace {

constexpr ImageSize kSize{8, 8};

Net compiled(const Json& layers, const Json& blocks = Json()) {
  return compile_net({{"layers", layers}, {"blocks", blocks}}, {kSize, 3, 7});
}

std::string refusal(const Json& layers, const Json& blocks = Json()) {
  try {
    compiled(layers, blocks);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

// Compiled, saved, read, frozen and run.
void go_all_the_way(const Net& net) {
  std::stringstream file;
  net.module.save(file);
  torch::jit::Module back = torch::jit::load(file);
  back.eval();
  const at::NoGradGuard no_grad;
  CHECK(
      frozen_module(back, classifier_methods(back)).forward({at::zeros({1, 3, 8, 8}, at::kByte)}).toTensor().size(1) ==
      3);
}

const std::vector<std::string>& words() {
  static const std::vector<std::string> all{
      // Python's and TorchScript's keywords, and words that mean something there
      "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
      "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
      "not", "or", "pass", "raise", "return", "try", "while", "with", "yield", "case", "match", "_", "print", "super",
      "self", "cls", "int", "float", "bool", "str", "list", "dict", "len", "range", "Tensor", "torch", "ops", "aten",
      "prim", "uninitialized", "Optional", "List", "Dict", "Tuple", "Final", "Future", "Any", "inf", "nan", "object",
      "isinstance", "getattr", "hasattr", "zip", "enumerate", "max", "min", "abs", "round", "NoneType",
      "NotImplemented", "Ellipsis", "__torch__", "__init__", "__getstate__", "__setstate__", "__constants__",
      "__parameters__", "__buffers__", "__annotations__", "__class__", "exec", "eval", "nullptr", "default",
      "CONSTANTS", "fork", "wait",
      // attributes of modules
      "forward", "training", "parameters", "buffers", "modules", "children", "train", "to", "type", "half", "double",
      "cpu", "cuda", "state_dict", "named_parameters", "apply", "zero_grad", "requires_grad_", "_parameters",
      "_modules", "_c", "code", "graph", "define", "save", "copy", "register_buffer", "extra_repr", "T_destination",
      "dump_patches",
      // words of our own, and of the net's other parts
      "x", "y", "z", "p", "weight", "bias", "kernel", "head", "base", "preprocess", "logits", "probabilities",
      "temperature", "main", "shortcut", "branch_0", "stage_0", "dense_1", "conv2d", "a", "A1", "layer", "add",
      "concatenate", "1a", "a-b", "a.b", "a b", "", "\xc3\xa9"};
  return all;
}

}  // namespace

TEST_CASE("A layer of any name is either refused by that name or made into a net that is saved, read and run") {
  int refused = 0, made = 0;
  for (const std::string& name : words()) {
    CAPTURE(name);
    const Json dense{{"kind", "dense"}, {"name", name}}, flatten{{"kind", "flatten"}};
    const std::string why = refusal({flatten, dense});
    if (why.empty()) {
      ++made;
      go_all_the_way(compiled({flatten, dense}));
    } else {
      ++refused;
      CHECK(contains(why, "model.layers[1] (dense): name: "));
      CHECK(contains(why, name));
    }
  }
  CHECK(refused > 60);
  CHECK(made > 40);
}

TEST_CASE("Names inside composite layers and of blocks are held to the same") {
  const Json flatten{{"kind", "flatten"}}, dense{{"kind", "dense"}};
  const Json conv{{"kind", "conv2d"}, {"filters", 3}, {"padding", "same"}, {"name", "class"}};
  CHECK(contains(refusal({{{"kind", "residual"}, {"layers", {conv}}}, flatten, dense}), "'class' is a keyword"));
  CHECK(contains(refusal({{{"kind", "residual"}, {"layers", {flatten}}, {"shortcut", {conv}}}, dense}),
                 "'class' is a key"));
  CHECK(contains(refusal({{{"kind", "branches"}, {"branches", {{conv}}}}, flatten, dense}), "'class' is a keyword"));
  const Json inside{{"layers", {{{"kind", "conv2d"}, {"filters", 3}}}}};
  for (const char* name : {"class", "forward", "my block", "1st"}) {
    CAPTURE(name);
    CHECK(contains(refusal({{{"kind", name}}, flatten, dense}, {{name, inside}}), "the block's name: "));
    // Its own name for the layer makes no difference to the rest.
    CHECK(refusal({{{"kind", name}, {"name", "mine"}}, flatten, dense}, {{name, inside}}).empty());
  }
  CHECK(contains(refusal({flatten, dense}, {{"conv2d", inside}}), "model.blocks.conv2d: is the name of a layer kind"));
  CHECK(contains(refusal({flatten, dense}, {{"branches", inside}}), "is the name of a layer kind"));
  CHECK(contains(refusal({flatten, dense}, Json::array({inside})), "model.blocks: must be an object"));
  for (const char* name : {"name", "kind", "repeat", "in"}) {
    Json block = inside;
    block["parameters"] = {{name, 1}};
    CHECK(contains(refusal({{{"kind", "mine"}}, flatten, dense}, {{"mine", block}}), "means something else"));
  }
}

TEST_CASE("Names that the program gives make room for those that are given") {
  const auto activation = [](const char* name) { return Json{{"kind", "activation"}, {"name", name}}; };
  const Json plain{{"kind", "activation"}}, flatten{{"kind", "flatten"}}, dense{{"kind", "dense"}};
  go_all_the_way(compiled({activation("activation_1"), plain, plain, plain, flatten, dense}));
  Json repeated = activation("a");
  repeated["repeat"] = 3;
  go_all_the_way(compiled({repeated, activation("b"), flatten, dense}));
  CHECK(contains(refusal({repeated, activation("a_1"), flatten, dense}), "'a_1' is taken by an earlier layer"));
}

TEST_CASE("A net ends in softmax, sigmoid or the values before them, and in nothing else") {
  const Json flatten{{"kind", "flatten"}}, dense{{"kind", "dense"}}, dropout{{"kind", "dropout"}},
      end_block{{"kind", "end"}};
  const auto with = [](const std::string& name) { return Json{{"kind", "dense"}, {"activation", name}}; };
  const auto ending_block = [&](const Json& last) {
    Json blocks;
    blocks["end"]["layers"] = Json::array({last});
    return refusal(Json::array({flatten, end_block}), blocks);
  };
  const auto function = [](const std::string& name) { return Json{{"kind", "activation"}, {"function", name}}; };
  for (const char* name : {"softmax", "sigmoid", "linear"}) {
    CAPTURE(name);
    const std::string activation = std::string(name) == "linear" ? "softmax" : name;
    CHECK(compiled({flatten, with(name)}).activation == activation);
    CHECK(compiled({flatten, dense, function(name)}).activation == activation);
  }
  for (const std::string name :
       {"relu", "relu6", "tanh", "elu", "leaky_relu", "silu", "hard_sigmoid", "hard_swish", "gelu"}) {
    CAPTURE(name);
    const std::string end = "model.layers: the net ends in " + name + ", and softmax";
    CHECK(contains(refusal({flatten, with(name)}), end));
    CHECK(contains(refusal({flatten, dense, function(name)}), end));
    CHECK(contains(refusal({flatten, with(name), dropout}), end));
    CHECK(contains(ending_block(with(name)), end));
    // Where softmax is asked for, what stands before it is meant.
    CHECK(refusal({flatten, with(name), function("softmax")}).empty());
  }
  // Softmax behind what would come before another: twice.
  CHECK(contains(refusal({flatten, with("softmax"), dropout}), "the net ends in softmax"));
  CHECK(contains(ending_block(with("softmax")), "ends in softmax"));
  // ReLU before pooling is no end: SqueezeNet's.
  CHECK(
      refusal({{{"kind", "conv2d"}, {"filters", 3}, {"activation", "relu"}}, {{"kind", "global_avg_pool2d"}}}).empty());
  const Json named{{"layers", {flatten, with("$end")}}, {"parameters", {{"end", "sigmoid"}}}};
  CHECK(compile_net(named, {kSize, 3, 7}).activation == "sigmoid");
}
