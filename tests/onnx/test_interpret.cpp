// Graphs from outside: whatever they hold, the interpreter answers with values or with an Error.
#include "onnx/interpret.h"

#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <cstring>

#include "base/error.h"
#include "onnx/rule.h"
#include "scratch.h"

using namespace cvtool;

namespace {

using Attributes = std::map<std::string, OnnxAttribute>;

template <class Number>
OnnxTensor constant(const std::string& name, OnnxType type, const std::vector<int64_t>& dims,
                    const std::vector<Number>& values) {
  std::string bytes(values.size() * sizeof(Number), '\0');
  if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return {name, type, dims, bytes};
}

OnnxTensor floats(const std::string& name, const std::vector<int64_t>& dims, const std::vector<float>& values) {
  return constant(name, OnnxType::kFloat, dims, values);
}

OnnxTensor integers(const std::string& name, const std::vector<int64_t>& values) {
  return constant(name, OnnxType::kInt64, {static_cast<int64_t>(values.size())}, values);
}

// A graph of these nodes from "x" [N,2,4,4] to "y"; shapes of the output are not stated where it has four dimensions.
OnnxModel graph(std::vector<OnnxNode> nodes, std::vector<OnnxTensor> constants = {}) {
  OnnxModel model;
  model.input = {"x", OnnxType::kFloat, {-1, 2, 4, 4}};
  model.output = {"y", OnnxType::kFloat, {-1, -1, -1, -1}};
  model.nodes = std::move(nodes);
  model.constants = std::move(constants);
  return model;
}

// Why the graph is refused; "" when it gives a value. Anything but Error is a failure.
std::string refusal(const OnnxModel& model) {
  try {
    OnnxInterpreter(onnx_from_bytes(onnx_bytes(model))).run(at::ones({1, 2, 4, 4}));
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

// In the newest opset, which has every operation.
std::string refusal(const std::string& op, std::vector<std::string> inputs, Attributes attributes = {},
                    std::vector<OnnxTensor> constants = {}) {
  OnnxModel model = graph({{op, "n", std::move(inputs), {"y"}, std::move(attributes)}}, std::move(constants));
  model.opset = 20;
  return refusal(model);
}

}  // namespace

TEST_CASE("A graph whose parts do not fit together is refused before it is run") {
  CHECK(refusal("Relu", {"x"}).empty());
  CHECK(contains(refusal("Einsum", {"x"}), "the operation 'Einsum', which cvtool does not know"));
  CHECK(contains(refusal("Relu", {"z"}), "reads 'z', which nothing computes"));
  CHECK(contains(refusal(graph({{"Relu", "a", {"b"}, {"a"}, {}}, {"Relu", "b", {"a"}, {"b"}, {}}})),
                 "reads 'b', which is computed behind it"));
  CHECK(contains(refusal(graph({{"Relu", "a", {"a"}, {"a"}, {}}})), "reads 'a', which is computed behind it"));
  CHECK(contains(refusal(graph({{"Relu", "a", {"x"}, {"y"}, {}}, {"Abs", "b", {"x"}, {"y"}, {}}})),
                 "two values called 'y'"));
  CHECK(contains(refusal(graph({{"Relu", "a", {"x"}, {"x"}, {}}})), "two values called 'x'"));
  CHECK(contains(refusal("Add", {"x", "c"}, {}, {floats("c", {1}, {1}), floats("c", {1}, {2})}),
                 "two values called 'c'"));
  CHECK(contains(refusal(graph({{"Relu", "a", {"x"}, {"z"}, {}}})), "nothing that computes its output 'y'"));
  CHECK(contains(refusal(graph({{"Relu", "a", {"x"}, {}, {}}})), "0 outputs"));
  CHECK(contains(refusal(graph({{"Relu", "a", {"x"}, {"y", "z"}, {}}})), "2 outputs"));
  CHECK(contains(refusal("Softmax", {"x"}, {{"axis", 0.5F}}), "an attribute 'axis' that cvtool does not write"));
  CHECK(contains(refusal("Relu", {"x"}, {{"axis", int64_t{1}}}), "an attribute 'axis' that cvtool does not write"));
  OnnxModel other = graph({{"Relu", "a", {"x"}, {"y"}, {}}});
  other.output.dims = {-1, 3, 4, 4};
  CHECK(contains(refusal(other), "is not the shape that it says"));
  other.input.type = OnnxType::kInt64;
  CHECK(contains(refusal(other), "something else than floats"));
}

TEST_CASE("No operation is computed with fewer or more inputs than it takes, or with one left out") {
  for (const std::string& op : onnx_rule_names()) {
    CAPTURE(op);
    const OnnxRule& rule = *find_onnx_rule(op);
    const std::string letters = rule.inputs;
    const size_t least = letters.back() == '*' ? 1 : std::min(letters.find('?'), letters.size());
    CHECK(contains(refusal(op, {}), "has 0 inputs; it takes"));
    CHECK(contains(refusal(op, std::vector<std::string>(least - 1, "x")), "it takes"));
    for (size_t missing = 0; missing < least; ++missing) {
      std::vector<std::string> inputs(least, "x");
      inputs[missing] = "";
      CHECK(contains(refusal(op, inputs), "it takes"));
    }
    if (letters.back() != '*')
      CHECK(contains(refusal(op, std::vector<std::string>(letters.size() + 1, "x")), "it takes"));
    // An attribute of every other type.
    for (const char* name : {"axis", "perm", "pads", "to", "mode", "alpha", "kernel_shape", "keepdims"})
      for (const OnnxAttribute& value : std::vector<OnnxAttribute>{int64_t{7}, 0.5F, std::string("text"), Integers{9}})
        refusal(op, std::vector<std::string>(least, "x"), {{name, value}});
  }
}

TEST_CASE("Numbers of another type than an operation takes are refused") {
  const auto c = [](OnnxType type) { return constant<int64_t>("c", type, {1}, {1}); };
  CHECK(contains(refusal("Reshape", {"x", "c"}, {}, {floats("c", {1}, {4})}), "its input 'c' is of the type Float"));
  CHECK(contains(refusal("Exp", {"c"}, {}, {c(OnnxType::kInt64)}), "its input 'c' is of the type Long"));
  CHECK(contains(refusal("DequantizeLinear", {"x", "c"}, {}, {floats("c", {1}, {4})}), "of the type Float"));
  CHECK(contains(refusal("Relu", {"c"}, {}, {c(OnnxType::kDouble)}), "holds a constant of type 11"));
  CHECK(contains(refusal("Cast", {"x"}, {{"to", int64_t{8}}}), "a type that cvtool does not write"));
}

TEST_CASE("A constant's shape must fit its bytes, before any memory is taken") {
  const auto shaped = [](const std::vector<int64_t>& dims) {
    return refusal("Add", {"x", "c"}, {}, {floats("c", dims, {1})});
  };
  CHECK(shaped({}).empty());
  const int64_t huge = int64_t{1} << 62;
  for (const auto& dims : std::vector<std::vector<int64_t>>{
           {2}, {0}, {-1}, {huge, 4}, {huge, huge, huge, huge}, {-1, -1}, {int64_t{1} << 40}}) {
    CAPTURE(dims);
    CHECK(contains(shaped(dims), "the constant 'c' is not as long as its shape says"));
  }
}

TEST_CASE("What would take more memory or time than a net's does is refused, and at once") {
  const std::string large = "is larger than a picture's can be";
  const int64_t most = OnnxCall::kMaxStep;
  CHECK(contains(
      refusal("Pad", {"x", "p", "v"}, {}, {integers("p", {0, 0, 0, 0, 0, 0, most, most}), floats("v", {}, {0})}),
      large));
  CHECK(contains(
      refusal("Pad", {"x", "p", "v"}, {}, {integers("p", {0, 0, 0, 0, 0, 0, most + 1, 0}), floats("v", {}, {0})}),
      "its pads holds 65537"));
  CHECK(contains(refusal("MaxPool", {"x"}, {{"kernel_shape", Integers{1, 1}}, {"pads", Integers{0, 0, most, most}}}),
                 large));
  // Outer products and broadcasting: 2 * 100,000 numbers make 10^10.
  const std::vector<float> line(100000, 1);
  const std::vector<OnnxTensor> cross{floats("row", {1, 1, 1, 100000}, line),
                                      floats("column", {1, 1, 100000, 1}, line)};
  for (const char* op : {"Add", "Mul", "Pow", "PRelu", "MatMul"}) {
    CAPTURE(op);
    const bool product = std::string(op) == "MatMul";
    CHECK(contains(refusal(op, {product ? "column" : "row", product ? "row" : "column"}, {}, cross), large));
  }
  // Doubled 60 times.
  std::vector<OnnxNode> nodes;
  std::string last = "x";
  for (int i = 0; i < 60; ++i) {
    const std::string name = i == 59 ? "y" : "n" + std::to_string(i);
    nodes.push_back({"Concat", name, {last, last}, {name}, {{"axis", int64_t{2}}}});
    last = name;
  }
  CHECK(contains(refusal(graph(nodes)), large));
}

TEST_CASE("Windows, strides, groups and cuts out of range are refused") {
  const std::vector<OnnxTensor> weights{floats("w", {2, 2, 1, 1}, {1, 1, 1, 1})};
  CHECK(refusal("Conv", {"x", "w"}, {}, weights).empty());
  for (const auto& row : std::vector<std::pair<std::string, Integers>>{{"strides", {0, 1}},
                                                                       {"strides", {-1, 1}},
                                                                       {"strides", {1}},
                                                                       {"dilations", {0, 0}},
                                                                       {"dilations", {1, 1, 1}},
                                                                       {"pads", {-1, 0, 0, 0}},
                                                                       {"pads", {1, 1}},
                                                                       {"strides", {int64_t{1} << 62, 1}}}) {
    CAPTURE(row.first);
    CHECK(contains(refusal("Conv", {"x", "w"}, {row}, weights), "its " + row.first));
  }
  for (const int64_t group : {int64_t{0}, int64_t{-1}, int64_t{2}, int64_t{3}, int64_t{1} << 62})
    CHECK(contains(refusal("Conv", {"x", "w"}, {{"group", group}}, weights), "groups do not fit"));
  CHECK(contains(refusal("Conv", {"x", "w"}, {}, {floats("w", {2, 2, 5, 5}, std::vector<float>(100))}),
                 "its window is larger than its input"));
  CHECK(contains(refusal("Conv", {"x", "w"}, {}, {floats("w", {4}, std::vector<float>(4))}),
                 "its weights have the shape"));
  CHECK(contains(refusal("MaxPool", {"x"}, {{"kernel_shape", Integers{0, 0}}}), "its window holds 0"));
  CHECK(contains(refusal("MaxPool", {"x"}), "its window 0"));
  CHECK(contains(refusal("AveragePool", {"x"}, {{"kernel_shape", Integers{2, 2}}, {"strides", Integers{0, 0}}}),
                 "its strides holds 0"));
  const auto slice = [](std::vector<OnnxTensor> parts) {
    return refusal("Slice", {"x", "b", "e", "a", "s"}, {}, std::move(parts));
  };
  CHECK(slice({integers("b", {0}), integers("e", {2}), integers("a", {3}), integers("s", {1})}).empty());
  CHECK_FALSE(slice({integers("b", {}), integers("e", {2}), integers("a", {3}), integers("s", {1})}).empty());
  CHECK_FALSE(slice({integers("b", {0}), integers("e", {2}), integers("a", {9}), integers("s", {1})}).empty());
  CHECK_FALSE(slice({integers("b", {0}), integers("e", {2}), integers("a", {3}), integers("s", {0})}).empty());
  CHECK_FALSE(slice({integers("b", {0}), integers("e", {2}), integers("a", {3}), integers("s", {INT64_MAX})}).empty());
  CHECK_FALSE(refusal("Transpose", {"x"}, {{"perm", Integers{0, 0, 1, 2}}}).empty());
  CHECK_FALSE(refusal("Reshape", {"x", "c"}, {}, {integers("c", {0, 0, 0, 0, 0})}).empty());
  CHECK_FALSE(refusal("Reshape", {"x", "c"}, {}, {integers("c", {-1, -1})}).empty());
  CHECK_FALSE(refusal("Reshape", {"x", "c"}, {}, {integers("c", {INT64_MAX, 2, INT64_MAX})}).empty());
  CHECK_FALSE(refusal("BatchNormalization", {"x", "w", "w", "w", "w"}, {}, {floats("w", {3}, {1, 1, 1})}).empty());
  CHECK_FALSE(refusal("QuantizeLinear", {"x", "s", "z"}, {{"axis", int64_t{9}}},
                      {floats("s", {2}, {1, 1}), constant<int8_t>("z", OnnxType::kInt8, {2}, {0, 0})})
                  .empty());
}

TEST_CASE("Half precision is computed in float32 and rounded after each operation; types are not mixed") {
  const auto cast = [](OnnxType type) { return Attributes{{"to", static_cast<int64_t>(type)}}; };
  const float third = 1.0F / 3;
  const OnnxModel half = graph({{"Cast", "h", {"x"}, {"h"}, cast(OnnxType::kFloat16)},
                                {"Mul", "m", {"h", "c"}, {"m"}, {}},
                                {"Cast", "y", {"m"}, {"y"}, cast(OnnxType::kFloat)}},
                               {constant<at::Half>("c", OnnxType::kFloat16, {1}, {at::Half(third)})});
  const at::Tensor y = OnnxInterpreter(half).run(at::full({1, 2, 4, 4}, 3.0));
  CHECK((y.scalar_type() == at::kFloat));
  CHECK(y[0][0][0][0].item<float>() == static_cast<float>(at::Half(3 * static_cast<float>(at::Half(third)))));
  const OnnxModel too_large = graph({{"Cast", "h", {"x"}, {"h"}, cast(OnnxType::kFloat16)},
                                     {"Mul", "m", {"h", "c"}, {"m"}, {}},
                                     {"Cast", "y", {"m"}, {"y"}, cast(OnnxType::kFloat)}},
                                    {constant<at::Half>("c", OnnxType::kFloat16, {1}, {at::Half(60000.0F)})});
  CHECK(OnnxInterpreter(too_large).run(at::full({1, 2, 4, 4}, 3.0)).isinf().all().item<bool>());
  CHECK(contains(
      refusal(graph({{"Cast", "h", {"x"}, {"h"}, cast(OnnxType::kFloat16)}, {"Add", "a", {"h", "x"}, {"y"}, {}}})),
      "it mixes float16 and float32"));
}

TEST_CASE("What came with a later opset is refused in a graph of an earlier one") {
  const std::vector<OnnxTensor> constants{floats("w", {4}, {1, 2, 3, 4}), integers("axes", {2, 3})};
  OnnxModel normalized = graph({{"LayerNormalization", "n", {"x", "w"}, {"y"}, {{"axis", int64_t{3}}}}}, constants);
  CHECK(contains(refusal(normalized), "(LayerNormalization) is not in opset 13"));
  normalized.opset = 17;
  CHECK(refusal(normalized).empty());
  OnnxModel gelu = graph({{"Gelu", "g", {"x"}, {"y"}, {}}});
  gelu.opset = 18;
  CHECK(contains(refusal(gelu), "is not in opset 18"));
  gelu.opset = 20;
  CHECK(refusal(gelu).empty());
  CHECK(refusal(graph({{"ReduceMean", "r", {"x", "axes"}, {"y"}, {}}}, constants)).empty());
}

TEST_CASE("Graphs that count from sizes keep to the budget and to whole numbers") {
  const auto huge = integers("n", {int64_t{1} << 40});
  const std::vector<OnnxTensor> range{integers("zero", {0}), huge, integers("one", {1}), integers("two", {2})};
  CHECK(contains(refusal("Range", {"zero", "n", "one"}, {}, range), "is larger than a picture's can be"));
  CHECK(contains(refusal("Range", {"zero", "one", "two"}, {}, range), "does not count from 0 by 1"));
  CHECK(contains(refusal("Div", {"one", "zero"}, {}, range), "divides a whole number by 0"));
  CHECK_FALSE(refusal("Squeeze", {"x", "axes"}, {}, {integers("axes", {9})}).empty());
  CHECK(contains(refusal("ReduceSum", {"x"}), "it does not say over which dimensions"));
  OnnxModel seven =
      graph({{"Div", "d", {"seven", "two"}, {"d"}, {}}, {"Cast", "y", {"d"}, {"y"}, {{"to", int64_t{1}}}}},
            {integers("seven", {7}), integers("two", {2})});
  seven.output.dims = {1};
  CHECK(OnnxInterpreter(seven).run(at::ones({1, 2, 4, 4})).item<float>() == 3);
}
