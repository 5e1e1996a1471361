#include "onnx/onnx_model.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <set>

#include "base/error.h"
#include "base/protobuf.h"

namespace cvtool {
namespace {

// Field numbers of onnx.proto.
namespace attribute_field {
enum { kName = 1, kFloat = 2, kInt = 3, kText = 4, kInts = 8, kType = 20 };
}
namespace node_field {
enum { kInput = 1, kOutput = 2, kName = 3, kOp = 4, kAttribute = 5 };
}
namespace tensor_field {
enum { kDims = 1, kType = 2, kName = 8, kRaw = 9 };
}
namespace graph_field {
enum { kNode = 1, kName = 2, kConstant = 5, kInput = 11, kOutput = 12 };
}
namespace model_field {
enum { kIrVersion = 1, kProducer = 2, kProducerVersion = 3, kDoc = 6, kGraph = 7, kOpset = 8, kMetadata = 14 };
}
enum AttributeType { kFloatType = 1, kIntType = 2, kTextType = 3, kIntsType = 7 };

ProtobufWriter attribute_message(const std::string& name, const OnnxAttribute& value) {
  using namespace attribute_field;
  ProtobufWriter out;
  out.bytes(kName, name);
  if (const auto* i = std::get_if<int64_t>(&value)) return out.varint(kInt, *i).varint(kType, kIntType);
  if (const auto* f = std::get_if<float>(&value)) return out.fixed32(kFloat, *f).varint(kType, kFloatType);
  if (const auto* text = std::get_if<std::string>(&value)) return out.bytes(kText, *text).varint(kType, kTextType);
  for (const int64_t item : std::get<std::vector<int64_t>>(value)) out.varint(kInts, item);
  return out.varint(kType, kIntsType);
}

std::pair<std::string, OnnxAttribute> attribute_from(std::string_view bytes) {
  using namespace attribute_field;
  ProtobufReader in(bytes);
  std::string name, text;
  int64_t type = 0, integer = 0;
  float real = 0;
  std::vector<int64_t> integers;
  for (ProtobufField field; in.next(field);) {
    if (field.number == kName) name = field.bytes;
    if (field.number == kFloat) real = field.real;
    if (field.number == kInt) integer = static_cast<int64_t>(field.integer);
    if (field.number == kText) text = field.bytes;
    if (field.number == kInts) integers.push_back(static_cast<int64_t>(field.integer));
    if (field.number == kType) type = static_cast<int64_t>(field.integer);
  }
  if (type == kFloatType) return {name, real};
  if (type == kIntType) return {name, integer};
  if (type == kTextType) return {name, text};
  if (type == kIntsType) return {name, integers};
  throw Error("holds an attribute '" + name + "' of a type that cvtool does not write");
}

ProtobufWriter node_message(const OnnxNode& node) {
  using namespace node_field;
  ProtobufWriter out;
  for (const auto& input : node.inputs) out.bytes(kInput, input);
  for (const auto& output : node.outputs) out.bytes(kOutput, output);
  out.bytes(kName, node.name).bytes(kOp, node.op);
  for (const auto& [name, value] : node.attributes) out.message(kAttribute, attribute_message(name, value));
  return out;
}

OnnxNode node_from(std::string_view bytes) {
  using namespace node_field;
  OnnxNode node;
  ProtobufReader in(bytes);
  for (ProtobufField field; in.next(field);) {
    if (field.number == kInput) node.inputs.emplace_back(field.bytes);
    if (field.number == kOutput) node.outputs.emplace_back(field.bytes);
    if (field.number == kName) node.name = field.bytes;
    if (field.number == kOp) node.op = field.bytes;
    if (field.number == kAttribute) node.attributes.insert(attribute_from(field.bytes));
  }
  return node;
}

ProtobufWriter tensor_message(const OnnxTensor& tensor) {
  using namespace tensor_field;
  ProtobufWriter out;
  for (const int64_t dim : tensor.dims) out.varint(kDims, dim);
  return out.varint(kType, static_cast<int64_t>(tensor.type)).bytes(kName, tensor.name).bytes(kRaw, tensor.bytes);
}

OnnxTensor tensor_from(std::string_view bytes) {
  using namespace tensor_field;
  OnnxTensor tensor;
  ProtobufReader in(bytes);
  for (ProtobufField field; in.next(field);) {
    if (field.number == kDims) tensor.dims.push_back(static_cast<int64_t>(field.integer));
    if (field.number == kType) tensor.type = static_cast<OnnxType>(field.integer);
    if (field.number == kName) tensor.name = field.bytes;
    if (field.number == kRaw) tensor.bytes = field.bytes;
  }
  return tensor;
}

// Of dimensions that are left open, by their place.
constexpr const char* kOpenNames[] = {"batch", "channels", "height", "width", "more"};

// ValueInfoProto {name = 1, type = 2: TypeProto {tensor_type = 1: {elem_type = 1, shape = 2: {dim = 1: {dim_value = 1,
// dim_param = 2}}}}}
ProtobufWriter value_message(const OnnxValue& value) {
  ProtobufWriter shape;
  for (size_t d = 0; d < value.dims.size(); ++d)
    shape.message(1, value.dims[d] < 0 ? ProtobufWriter().bytes(2, kOpenNames[std::min(d, std::size(kOpenNames) - 1)])
                                       : ProtobufWriter().varint(1, value.dims[d]));
  const ProtobufWriter tensor = ProtobufWriter().varint(1, static_cast<int64_t>(value.type)).message(2, shape);
  return ProtobufWriter().bytes(1, value.name).message(2, ProtobufWriter().message(1, tensor));
}

std::string_view submessage(std::string_view bytes, int number) {
  ProtobufReader in(bytes);
  for (ProtobufField field; in.next(field);)
    if (field.number == number) return field.bytes;
  return {};
}

OnnxValue value_from(std::string_view bytes) {
  OnnxValue value;
  value.name = submessage(bytes, 1);
  const std::string_view tensor = submessage(submessage(bytes, 2), 1);
  ProtobufReader in(tensor);
  for (ProtobufField field; in.next(field);) {
    if (field.number == 1) value.type = static_cast<OnnxType>(field.integer);
    if (field.number != 2) continue;
    ProtobufReader dims(field.bytes);
    for (ProtobufField dim; dims.next(dim);) {
      ProtobufReader sizes(dim.bytes);
      ProtobufField size;
      value.dims.push_back(sizes.next(size) && size.number == 1 ? static_cast<int64_t>(size.integer) : -1);
    }
  }
  return value;
}

ProtobufWriter graph_message(const OnnxModel& model) {
  using namespace graph_field;
  ProtobufWriter out;
  for (const OnnxNode& node : model.nodes) out.message(kNode, node_message(node));
  out.bytes(kName, model.graph_name);
  for (const OnnxTensor& tensor : model.constants) out.message(kConstant, tensor_message(tensor));
  return out.message(kInput, value_message(model.input)).message(kOutput, value_message(model.output));
}

void read_graph(std::string_view bytes, OnnxModel& model) {
  using namespace graph_field;
  ProtobufReader in(bytes);
  for (ProtobufField field; in.next(field);) {
    if (field.number == kNode) model.nodes.push_back(node_from(field.bytes));
    if (field.number == kName) model.graph_name = field.bytes;
    if (field.number == kConstant) model.constants.push_back(tensor_from(field.bytes));
    if (field.number == kInput) model.input = value_from(field.bytes);
    if (field.number == kOutput) model.output = value_from(field.bytes);
  }
}

int64_t opset_from(std::string_view bytes) {
  const std::string_view domain = submessage(bytes, 1);
  if (!domain.empty()) throw Error("holds operations of '" + std::string(domain) + "', which cvtool does not know");
  int64_t number = 0;
  ProtobufReader in(bytes);
  for (ProtobufField field; in.next(field);)
    if (field.number == 2) number = static_cast<int64_t>(field.integer);
  if (!find_onnx_opset(number))
    throw Error("is of ONNX opset " + std::to_string(number) + "; cvtool reads " + onnx_opsets_text());
  return number;
}

const OnnxTensor* constant_named(const OnnxModel& model, const std::string& name) {
  for (const OnnxTensor& tensor : model.constants)
    if (tensor.name == name) return &tensor;
  return nullptr;
}

// [1,C,1,1] that is added becomes [C,1,1], which means the same: OpenCV takes the first size for that of the batch.
void drop_leading_ones(OnnxModel& model) {
  std::set<std::string> added;
  for (const OnnxNode& node : model.nodes)
    if (node.op == "Add") added.insert(node.inputs.begin(), node.inputs.end());
  for (OnnxTensor& tensor : model.constants)
    if (added.count(tensor.name) && tensor.dims.size() > 1 && tensor.dims[0] == 1)
      tensor.dims.erase(tensor.dims.begin());
}

}  // namespace

const OnnxOpset* find_onnx_opset(int64_t number) {
  for (const OnnxOpset& opset : kOnnxOpsets)
    if (opset.number == number) return &opset;
  return nullptr;
}

std::string onnx_opsets_text() {
  std::string text;
  for (const OnnxOpset& opset : kOnnxOpsets)
    text += (text.empty() ? "" : &opset == std::end(kOnnxOpsets) - 1 ? " or " : ", ") + std::to_string(opset.number);
  return text;
}

std::string onnx_bytes(const OnnxModel& model) {
  using namespace model_field;
  const OnnxOpset* opset = find_onnx_opset(model.opset);
  if (!opset) throw Error("is of ONNX opset " + std::to_string(model.opset) + ", not " + onnx_opsets_text());
  ProtobufWriter out;
  out.varint(kIrVersion, opset->ir_version).bytes(kProducer, "cvtool").bytes(kProducerVersion, model.producer_version);
  out.bytes(kDoc, model.doc).message(kGraph, graph_message(model));
  out.message(kOpset, ProtobufWriter().bytes(1, "").varint(2, opset->number));
  for (const auto& [key, value] : model.metadata)
    out.message(kMetadata, ProtobufWriter().bytes(1, key).bytes(2, value));
  return out.text();
}

OnnxModel onnx_from_bytes(std::string_view bytes) {
  using namespace model_field;
  OnnxModel model;
  ProtobufReader in(bytes);
  for (ProtobufField field; in.next(field);) {
    if (field.number == kProducerVersion) model.producer_version = field.bytes;
    if (field.number == kDoc) model.doc = field.bytes;
    if (field.number == kGraph) read_graph(field.bytes, model);
    if (field.number == kOpset) model.opset = opset_from(field.bytes);
    if (field.number == kMetadata) model.metadata.emplace_back(submessage(field.bytes, 1), submessage(field.bytes, 2));
  }
  if (model.nodes.empty()) throw Error("holds no ONNX graph");
  return model;
}

OnnxModel opencv_twin(const OnnxModel& model, int64_t batch) {
  OnnxModel twin = model;
  for (OnnxValue* value : {&twin.input, &twin.output})
    for (int64_t& size : value->dims)
      if (size < 0) size = batch;
  drop_leading_ones(twin);
  for (OnnxNode& node : twin.nodes) {
    if (node.op != "Clip") continue;
    const char* names[] = {"", "min", "max"};
    for (size_t i = 1; i < node.inputs.size(); ++i)
      if (const OnnxTensor* bound = constant_named(model, node.inputs[i])) {
        float value = 0;
        std::memcpy(&value, bound->bytes.data(), sizeof value);
        node.attributes[names[i]] = value;
      }
    node.inputs.resize(1);
  }
  return twin;
}

}  // namespace cvtool
