#include "onnx/onnx_model.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "scratch.h"

using namespace cvtool;

namespace {

OnnxModel small() {
  OnnxModel model;
  model.graph_name = "g";
  model.producer_version = "1";
  model.input = {"x", OnnxType::kFloat, {-1, 3}};
  model.output = {"y", OnnxType::kFloat, {-1, 3}};
  model.constants = {{"low", OnnxType::kFloat, {}, std::string("\0\0\0\0", 4)},
                     {"shape", OnnxType::kInt64, {2}, std::string(16, '\1')}};
  model.nodes = {{"Clip", "clip", {"x", "low"}, {"c"}, {}},
                 {"Test",
                  "test",
                  {"c", "", "shape"},
                  {"y"},
                  {{"f", 0.5F}, {"i", int64_t{-1}}, {"s", std::string("text")}, {"v", std::vector<int64_t>{1, -2}}}}};
  model.metadata = {{"key", "value"}};
  return model;
}

}  // namespace

TEST_CASE("A model that is written and read is the same") {
  const OnnxModel model = small(), back = onnx_from_bytes(onnx_bytes(model));
  CHECK(onnx_bytes(back) == onnx_bytes(model));
  REQUIRE(back.nodes.size() == 2);
  CHECK((back.nodes[1].attributes == model.nodes[1].attributes));
  CHECK(back.nodes[1].inputs == model.nodes[1].inputs);
  CHECK(back.input.dims == std::vector<int64_t>{-1, 3});
  CHECK(back.constants[1].bytes == model.constants[1].bytes);
  CHECK((back.metadata == model.metadata));
}

TEST_CASE("A truncated or foreign file is refused, never read beyond its end") {
  const std::string bytes = onnx_bytes(small());
  for (size_t size = 0; size < bytes.size(); ++size) {
    try {
      onnx_from_bytes(bytes.substr(0, size));
    } catch (const Error&) {
      continue;
    }
    // What is cut between two fields reads as a shorter model.
    CHECK(size > 8);
  }
  CHECK(contains(message_of([] { onnx_from_bytes(""); }), "holds no ONNX graph"));
  CHECK(contains(message_of([] { onnx_from_bytes("\x0b\x01"); }), "is not an ONNX file"));
  CHECK(contains(message_of([] { onnx_from_bytes("\x3a\xff\xff\xff\xff\x0f"); }), "is truncated"));
}

TEST_CASE("OpenCV's twin has a fixed batch and Clip's bounds as attributes") {
  const OnnxModel twin = opencv_twin(small(), 7);
  CHECK(twin.input.dims == std::vector<int64_t>{7, 3});
  CHECK(twin.nodes[0].inputs == std::vector<std::string>{"x"});
  CHECK(std::get<float>(twin.nodes[0].attributes.at("min")) == 0);
  CHECK(twin.nodes[0].attributes.count("max") == 0);
}

TEST_CASE("A model keeps its opset; what was not tried out is neither written nor read") {
  OnnxModel model = small();
  const std::string of_13 = onnx_bytes(model);
  for (const OnnxOpset& opset : kOnnxOpsets) {
    model.opset = opset.number;
    CHECK(onnx_from_bytes(onnx_bytes(model)).opset == opset.number);
  }
  model.opset = 16;
  CHECK(contains(message_of([&] { onnx_bytes(model); }), "opset 16, not 13, 17, 18 or 20"));
  // OperatorSetIdProto {domain = "", version = 13}
  std::string other = of_13;
  const size_t at = other.find(std::string("\x0a\x00\x10\x0d", 4));
  REQUIRE(at != std::string::npos);
  other[at + 3] = 11;
  CHECK(contains(message_of([&] { onnx_from_bytes(other); }), "is of ONNX opset 11; cvtool reads 13, 17, 18 or 20"));
}

TEST_CASE("Dimensions that are left open have a name of their own") {
  OnnxModel model = small();
  model.input.dims = {-1, 3, -1, -1};
  const std::string bytes = onnx_bytes(model);
  for (const char* name : {"batch", "height", "width"}) CHECK(contains(bytes, name));
  CHECK(onnx_from_bytes(bytes).input.dims == model.input.dims);
}
