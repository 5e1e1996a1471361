#include "export/onnx/onnx_model.h"

#include <cstring>
#include <set>

#include "base/error.h"
#include "export/onnx/protobuf.h"

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
  if (const auto* i = std::get_if<int64_t>(&value)) {
    out.varint(kInt, *i);
    out.varint(kType, kIntType);
  } else if (const auto* f = std::get_if<float>(&value)) {
    out.fixed32(kFloat, *f);
    out.varint(kType, kFloatType);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    out.bytes(kText, *text);
    out.varint(kType, kTextType);
  } else {
    for (const int64_t item : std::get<std::vector<int64_t>>(value)) out.varint(kInts, item);
    out.varint(kType, kIntsType);
  }
  return out;
}

std::pair<std::string, OnnxAttribute> attribute_from(std::string_view bytes) {
  using namespace attribute_field;
  ProtobufReader in(bytes);
  std::string name, text;
  int64_t type = 0, integer = 0;
  float real = 0;
  std::vector<int64_t> integers;
  for (ProtobufField field; in.next(field);) switch (field.number) {
      case kName:
        name = field.bytes;
        break;
      case kFloat:
        real = field.real;
        break;
      case kInt:
        integer = static_cast<int64_t>(field.integer);
        break;
      case kText:
        text = field.bytes;
        break;
      case kInts:
        integers.push_back(static_cast<int64_t>(field.integer));
        break;
      case kType:
        type = static_cast<int64_t>(field.integer);
        break;
      default:
        break;
    }
  switch (type) {
    case kFloatType:
      return {name, real};
    case kIntType:
      return {name, integer};
    case kTextType:
      return {name, text};
    case kIntsType:
      return {name, integers};
    default:
      throw Error("holds an attribute '" + name + "' of a type that cvtool does not write");
  }
}

ProtobufWriter node_message(const OnnxNode& node) {
  using namespace node_field;
  ProtobufWriter out;
  for (const auto& input : node.inputs) out.bytes(kInput, input);
  for (const auto& output : node.outputs) out.bytes(kOutput, output);
  out.bytes(kName, node.name);
  out.bytes(kOp, node.op);
  for (const auto& [name, value] : node.attributes) out.message(kAttribute, attribute_message(name, value));
  return out;
}

OnnxNode node_from(std::string_view bytes) {
  using namespace node_field;
  OnnxNode node;
  ProtobufReader in(bytes);
  for (ProtobufField field; in.next(field);) switch (field.number) {
      case kInput:
        node.inputs.emplace_back(field.bytes);
        break;
      case kOutput:
        node.outputs.emplace_back(field.bytes);
        break;
      case kName:
        node.name = field.bytes;
        break;
      case kOp:
        node.op = field.bytes;
        break;
      case kAttribute:
        node.attributes.insert(attribute_from(field.bytes));
        break;
      default:
        break;
    }
  return node;
}

ProtobufWriter tensor_message(const OnnxTensor& tensor) {
  using namespace tensor_field;
  ProtobufWriter out;
  for (const int64_t dim : tensor.dims) out.varint(kDims, dim);
  out.varint(kType, static_cast<int64_t>(tensor.type));
  out.bytes(kName, tensor.name);
  out.bytes(kRaw, tensor.bytes);
  return out;
}

OnnxTensor tensor_from(std::string_view bytes) {
  using namespace tensor_field;
  OnnxTensor tensor;
  ProtobufReader in(bytes);
  for (ProtobufField field; in.next(field);) switch (field.number) {
      case kDims:
        tensor.dims.push_back(static_cast<int64_t>(field.integer));
        break;
      case kType:
        tensor.type = static_cast<OnnxType>(field.integer);
        break;
      case kName:
        tensor.name = field.bytes;
        break;
      case kRaw:
        tensor.bytes = field.bytes;
        break;
      default:
        break;
    }
  return tensor;
}

// ValueInfoProto {name = 1, type = 2: TypeProto {tensor_type = 1: {elem_type = 1, shape = 2: {dim = 1: {dim_value = 1,
// dim_param = 2}}}}}
ProtobufWriter value_message(const OnnxValue& value) {
  ProtobufWriter shape, tensor, type, out;
  for (const int64_t size : value.dims) {
    ProtobufWriter dim;
    if (size < 0)
      dim.bytes(2, "batch");
    else
      dim.varint(1, size);
    shape.message(1, dim);
  }
  tensor.varint(1, static_cast<int64_t>(value.type));
  tensor.message(2, shape);
  type.message(1, tensor);
  out.bytes(1, value.name);
  out.message(2, type);
  return out;
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
  out.message(kInput, value_message(model.input));
  out.message(kOutput, value_message(model.output));
  return out;
}

void read_graph(std::string_view bytes, OnnxModel& model) {
  using namespace graph_field;
  ProtobufReader in(bytes);
  for (ProtobufField field; in.next(field);) switch (field.number) {
      case kNode:
        model.nodes.push_back(node_from(field.bytes));
        break;
      case kName:
        model.graph_name = field.bytes;
        break;
      case kConstant:
        model.constants.push_back(tensor_from(field.bytes));
        break;
      case kInput:
        model.input = value_from(field.bytes);
        break;
      case kOutput:
        model.output = value_from(field.bytes);
        break;
      default:
        break;
    }
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

std::string onnx_bytes(const OnnxModel& model) {
  using namespace model_field;
  ProtobufWriter out, opset;
  opset.bytes(1, "");
  opset.varint(2, kOnnxOpset);
  out.varint(kIrVersion, kOnnxIrVersion);
  out.bytes(kProducer, "cvtool");
  out.bytes(kProducerVersion, model.producer_version);
  out.bytes(kDoc, model.doc);
  out.message(kGraph, graph_message(model));
  out.message(kOpset, opset);
  for (const auto& [key, value] : model.metadata) {
    ProtobufWriter entry;
    entry.bytes(1, key);
    entry.bytes(2, value);
    out.message(kMetadata, entry);
  }
  return out.text();
}

OnnxModel onnx_from_bytes(std::string_view bytes) {
  using namespace model_field;
  OnnxModel model;
  ProtobufReader in(bytes);
  for (ProtobufField field; in.next(field);) switch (field.number) {
      case kProducerVersion:
        model.producer_version = field.bytes;
        break;
      case kDoc:
        model.doc = field.bytes;
        break;
      case kGraph:
        read_graph(field.bytes, model);
        break;
      case kMetadata:
        model.metadata.emplace_back(submessage(field.bytes, 1), submessage(field.bytes, 2));
        break;
      default:
        break;
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
