// An ONNX model in memory, and its file format (onnx.proto of ONNX 1.8 to 1.15).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace cvtool {

// The versions of ONNX's table of operations that are written and read, each with the file format that came with it.
//   17 brings LayerNormalization, 18 axes as an input of reductions, 20 Gelu.
struct OnnxOpset {
  int64_t number, ir_version;
};
constexpr OnnxOpset kOnnxOpsets[] = {{13, 7}, {17, 8}, {18, 8}, {20, 9}};

// "13, 17, 18 or 20"
std::string onnx_opsets_text();
// Null: not one of them.
const OnnxOpset* find_onnx_opset(int64_t number);

using Integers = std::vector<int64_t>;

// TensorProto.DataType
enum class OnnxType : int {
  kFloat = 1,
  kUint8 = 2,
  kInt8 = 3,
  kInt32 = 6,
  kInt64 = 7,
  kBool = 9,
  kFloat16 = 10,
  kDouble = 11,
  kBfloat16 = 16
};

struct OnnxTensor {
  std::string name;
  OnnxType type = OnnxType::kFloat;
  std::vector<int64_t> dims;
  std::string bytes;  // little endian, row by row
};

using OnnxAttribute = std::variant<int64_t, float, std::string, std::vector<int64_t>>;

struct OnnxNode {
  std::string op, name;
  std::vector<std::string> inputs, outputs;  // "": an optional input that is not given
  std::map<std::string, OnnxAttribute> attributes;
};

// The graph's input or output; a dimension of -1 is left open: the first is the batch, the third and fourth height and
// width.
struct OnnxValue {
  std::string name;
  OnnxType type = OnnxType::kFloat;
  std::vector<int64_t> dims;
};

struct OnnxModel {
  int64_t opset = kOnnxOpsets[0].number;
  std::string graph_name, producer_version, doc;
  std::vector<OnnxNode> nodes;  // in order of evaluation
  std::vector<OnnxTensor> constants;
  OnnxValue input, output;
  std::vector<std::pair<std::string, std::string>> metadata;
};

std::string onnx_bytes(const OnnxModel& model);

// Reads what onnx_bytes writes. Throws Error with the reason (not the path) when the bytes are something else.
OnnxModel onnx_from_bytes(std::string_view bytes);

// The same graph as OpenCV 4.6 can read it: a batch of fixed size, Clip as it was before opset 11, and constants that
// are added without a size for the batch.
OnnxModel opencv_twin(const OnnxModel& model, int64_t batch);

}  // namespace cvtool
