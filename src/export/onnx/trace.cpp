#include "export/onnx/trace.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/refusal.h"
#include "base/text.h"

namespace cvtool {
namespace {

std::string kind_of(const torch::jit::Node& node) { return node.kind().toQualString(); }

// Operations on a tensor that ask for its form, not for its values.
bool asks_for_form(const std::string& kind) {
  static const std::set<std::string> kinds{"aten::size",       "aten::dim",          "aten::len",
                                           "aten::numel",      "aten::stride",       "aten::is_floating_point",
                                           "aten::is_complex", "aten::__is__",       "aten::__isnot__",
                                           "prim::dtype",      "prim::device",       "prim::layout",
                                           "prim::is_cuda",    "prim::shape",        "prim::requires_grad",
                                           "prim::type",       "aten::ones_like",    "aten::zeros_like",
                                           "aten::full_like",  "aten::empty_like",   "aten::new_ones",
                                           "aten::new_zeros",  "aten::new_full",     "aten::new_empty",
                                           "aten::sym_size",   "aten::is_contiguous"};
  return kinds.count(kind) > 0;
}

bool all_tensors(const std::vector<Traced>& outputs) {
  return std::all_of(outputs.begin(), outputs.end(),
                     [](const Traced& t) { return t.value[0].isTensor() || t.value[0].isTensorList(); });
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

c10::IValue list_of(const torch::jit::Node& node, const std::vector<c10::IValue>& items) {
  const auto type = node.output()->type();
  if (type->kind() == c10::TypeKind::TupleType) return c10::ivalue::Tuple::create(items);
  c10::impl::GenericList list(type->expect<c10::ListType>()->getElementType());
  for (const auto& item : items) list.push_back(item);
  return list;
}

std::vector<c10::IValue> items_of(const c10::IValue& value) {
  if (value.isTuple()) return value.toTupleRef().elements();
  return value.toListRef().vec();
}

}  // namespace

bool Traced::depends_on_pixels() const {
  return !name.empty() ||
         std::any_of(items.begin(), items.end(), [](const Traced& item) { return item.depends_on_pixels(); });
}

Traced& GraphTracer::at(const torch::jit::Value* value) { return values_.at(value); }

std::vector<Traced> GraphTracer::run(const torch::jit::Graph& graph, const std::vector<Traced>& inputs) {
  values_.clear();
  for (size_t i = 0; i < inputs.size(); ++i) values_[graph.inputs().at(i)] = inputs[i];
  block(*graph.block());
  std::vector<Traced> outputs;
  for (const auto* output : graph.outputs()) outputs.push_back(at(output));
  return outputs;
}

void GraphTracer::block(const torch::jit::Block& block) {
  for (const auto* item : block.nodes()) node(*item);
}

void GraphTracer::node(const torch::jit::Node& node) {
  const std::string kind = kind_of(node);
  if (kind == "prim::If") return branch(node);
  if (kind == "prim::Loop") return loop(node);
  static const std::set<std::string> structures{"prim::Constant",       "prim::GetAttr",    "prim::ListConstruct",
                                                "prim::TupleConstruct", "prim::ListUnpack", "prim::TupleUnpack"};
  if (structures.count(kind)) return structure(node);
  if (kind == "aten::warn" || kind == "prim::SetAttr") return;
  operation(node);
}

void GraphTracer::structure(const torch::jit::Node& node) {
  const std::string kind = kind_of(node);
  if (kind == "prim::Constant") {
    const auto value = torch::jit::toIValue(node.output());
    values_[node.output()] = {{value.value_or(c10::IValue()), value.value_or(c10::IValue())}, "", {}};
  } else if (kind == "prim::GetAttr") {
    const auto value = at(node.input()).value[0].toObject()->getAttr(node.s(c10::attr::name));
    values_[node.output()] = {{value, value}, "", {}};
  } else if (kind == "prim::ListConstruct" || kind == "prim::TupleConstruct") {
    Traced list;
    std::array<std::vector<c10::IValue>, 2> parts;
    for (const auto* input : node.inputs()) {
      list.items.push_back(at(input));
      for (size_t k = 0; k < 2; ++k) parts[k].push_back(at(input).value[k]);
    }
    for (size_t k = 0; k < 2; ++k) list.value[k] = list_of(node, parts[k]);
    values_[node.output()] = std::move(list);
  } else {
    const Traced list = at(node.input());
    const auto first = items_of(list.value[0]), second = items_of(list.value[1]);
    for (size_t i = 0; i < node.outputs().size(); ++i)
      values_[node.outputs()[i]] = list.items.empty() ? Traced{{first.at(i), second.at(i)}, "", {}} : list.items.at(i);
  }
}

void GraphTracer::branch(const torch::jit::Node& node) {
  const Traced& condition = at(node.input());
  if (condition.value[0].toBool() != condition.value[1].toBool())
    throw Error("cannot write a branch that depends on the size of the batch to ONNX");
  const auto* taken = node.blocks().at(condition.value[0].toBool() ? 0 : 1);
  block(*taken);
  for (size_t i = 0; i < node.outputs().size(); ++i) values_[node.outputs()[i]] = Traced(at(taken->outputs()[i]));
}

// Unrolled: inputs are the greatest number of turns, whether to begin, and what is carried along.
void GraphTracer::loop(const torch::jit::Node& node) {
  const auto* body = node.blocks().at(0);
  const int64_t turns = at(node.inputs()[0]).value[0].toInt();
  if (turns != at(node.inputs()[0]).value[1].toInt()) throw Error("cannot write a loop over the batch to ONNX");
  bool go_on = at(node.inputs()[1]).value[0].toBool();
  std::vector<Traced> carried;
  for (size_t i = 2; i < node.inputs().size(); ++i) carried.push_back(at(node.inputs()[i]));
  for (int64_t turn = 0; turn < turns && go_on; ++turn) {
    values_[body->inputs()[0]] = {{turn, turn}, "", {}};
    for (size_t i = 0; i < carried.size(); ++i) values_[body->inputs()[i + 1]] = carried[i];
    block(*body);
    go_on = at(body->outputs()[0]).value[0].toBool();
    for (size_t i = 0; i < carried.size(); ++i) carried[i] = at(body->outputs()[i + 1]);
  }
  for (size_t i = 0; i < carried.size(); ++i) values_[node.outputs()[i]] = carried[i];
}

void GraphTracer::operation(const torch::jit::Node& node) {
  const std::string kind = kind_of(node);
  std::vector<Traced*> inputs;
  bool on_pixels = false;
  for (const auto* input : node.inputs()) {
    inputs.push_back(&at(input));
    on_pixels |= inputs.back()->depends_on_pixels();
  }
  std::vector<Traced> outputs(node.outputs().size());
  for (size_t k = 0; k < 2; ++k) {
    torch::jit::Stack stack;
    for (const Traced* input : inputs) stack.push_back(input->value[k]);
    try {
      node.getOperation()(stack);
    } catch (const std::exception& error) {
      if (refused_by_machine(error)) throw;
      throw Error("cannot follow the operation '" + kind + "' for a batch of " + std::to_string(kTraceBatches[k]) +
                  ": " + first_line(error.what()));
    }
    for (size_t i = 0; i < outputs.size(); ++i) outputs[i].value[k] = stack.at(i);
  }
  if (on_pixels && !asks_for_form(kind)) {
    if (!all_tensors(outputs))
      throw Error("cannot write the operation '" + kind + "' to ONNX: its result depends on the pixels' values");
    write_(node, inputs, outputs);
    // In place: whoever reads the first input later reads the result.
    if (kind.back() == '_' && kind.substr(kind.size() - 2) != "__") *inputs.at(0) = outputs.at(0);
  }
  for (size_t i = 0; i < outputs.size(); ++i) values_[node.outputs()[i]] = std::move(outputs[i]);
}

}  // namespace cvtool
