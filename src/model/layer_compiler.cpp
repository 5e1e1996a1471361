#include "model/layer_compiler.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "model/layer_names.h"
#include "model/layers/layer_builders.h"
#include "spec/layer_fields.h"

namespace cvtool {
namespace {

// The composite kinds, which hold layers instead of weights.
const std::vector<std::string>& composite_names() {
  static const std::vector<std::string> names{"residual", "branches"};
  return names;
}

std::string module_name_of(const std::string& kind) {
  for (const auto& row : layer_kinds())
    if (kind == row.name) return row.module_name;
  return kind;
}

// `wanted`, or wanted_1, wanted_2...: a name of the sequence that is still free.
std::string unique_name(const std::string& wanted, std::set<std::string>& used) {
  std::string name = wanted;
  for (int count = 1; !used.insert(name).second; ++count) name = wanted + "_" + std::to_string(count);
  return name;
}

// What "name" and "repeat" of a layer say, and "kind" where there is no name.
struct Naming {
  bool named = false;
  std::string wanted;
  int64_t turns = 1;
};

Naming naming_of(const Json& spec, const std::string& kind, const std::string& place) {
  Naming naming;
  const Json repeat = spec.value("repeat", Json(1));
  if (!repeat.is_number_integer() || repeat.get<int64_t>() < 0 || repeat.get<int64_t>() > 1000)
    throw UsageError(place + "repeat: must be an integer from 0 to 1000, not " + repeat.dump());
  naming.turns = repeat.get<int64_t>();
  naming.named = spec.contains("name");
  if (naming.named && !spec["name"].is_string())
    throw UsageError(place + "name: must be a word of letters, digits and _, not " + spec["name"].dump());
  naming.wanted = naming.named ? spec["name"].get<std::string>() : module_name_of(kind);
  check_layer_name(naming.wanted, place + (naming.named ? "name: " : "the block's name: "));
  return naming;
}

void check_blocks(const Json& blocks) {
  if (blocks.is_null()) return;
  if (!blocks.is_object())
    throw UsageError("model.blocks: must be an object {NAME: {\"layers\": [...]}}, not " + blocks.dump());
  for (const auto& [name, unused] : blocks.items()) {
    bool taken = std::count(composite_names().begin(), composite_names().end(), name) > 0;
    for (const auto& row : layer_kinds()) taken |= name == row.name;
    if (taken) throw UsageError("model.blocks." + name + ": is the name of a layer kind; choose another name");
  }
}

constexpr int kMostNested = 20;

// Names the blocks of a circle once, where there is one.
[[noreturn]] void refuse_nesting(const Scope& scope) {
  const std::vector<std::string>& blocks = scope.blocks;
  const std::string most = std::to_string(kMostNested);
  for (size_t back = 2; back <= blocks.size(); ++back)
    if (const auto start = blocks.end() - static_cast<std::ptrdiff_t>(back); *start == blocks.back())
      throw UsageError("model.blocks." + *start + ": uses itself (" + join({start, blocks.end()}, " > ") +
                       "), more than " + most + " deep; take one of these uses out");
  throw UsageError(scope.place.substr(0, scope.place.find(')') + 1) + ": is nested more than " + most +
                   " deep; use fewer layers that hold layers");
}

// What scales three colours, of one channel: by the mean of their means and of their deviations, as is usual.
Json grey_rescale(const Json& colours) {
  const auto of_channel = [&](const char* key, size_t c, double otherwise) {
    const Json value = colours.value(key, Json(otherwise));
    return value.is_array() ? value.at(c).get<double>() : value.get<double>();
  };
  constexpr size_t kColours = 3;
  if (!colours.value("scale", Json()).is_array() && !colours.value("offset", Json()).is_array()) return colours;
  double mean = 0, deviation = 0;
  for (size_t c = 0; c < kColours; ++c) {
    const double scale = of_channel("scale", c, 1);
    mean -= of_channel("offset", c, 0) / scale / kColours;
    deviation += 1 / scale / kColours;
  }
  return {{"scale", 1 / deviation}, {"offset", -mean / deviation}};
}

Scope below(const Scope& scope, const std::string& key) {
  Scope inner = scope;
  inner.path += "/" + key;
  inner.row += "/";
  inner.place = scope.place + key;
  ++inner.depth;
  return inner;
}

}  // namespace

LayerCompiler::LayerCompiler(const NetTarget& target, const NetSpec& spec, bool any_size)
    : target_(target), blocks_(spec.blocks), any_size_(any_size) {
  if (!spec.parameters.is_object())
    throw UsageError("model.parameters: must be an object {NAME: value}, not " + spec.parameters.dump());
  for (const auto& [name, value] : spec.parameters.items()) parameters_[name] = value;
  check_blocks(blocks_);
}

LayerContext LayerCompiler::context(const Shape& shape) const {
  LayerContext context;
  context.unit = unit_;
  context.input = shape;
  context.seed = target_.seed;
  context.classes = target_.classes;
  context.any_size = any_size_;
  context.most_weights = target_.most_weights;
  for (const SummaryRow& row : rows) context.most_weights -= static_cast<double>(row.trainable + row.non_trainable);
  return context;
}

torch::jit::Module LayerCompiler::sequence(const Json& layers, Shape& shape, const Scope& scope,
                                           const std::string& class_name) {
  if (!layers.is_array() || layers.empty())
    throw UsageError(scope.place + ": must be a list of at least one layer, not " + layers.dump());
  if (scope.depth > kMostNested) refuse_nesting(scope);
  torch::jit::Module module = new_module(context(shape), class_name);
  std::string body = "def forward(self, x):\n";
  std::set<std::string> used;
  for (size_t i = 0; i < layers.size(); ++i) {
    const std::string index = scope.place + "[" + std::to_string(i) + "]";
    if (!layers[i].is_object() || !layers[i].contains("kind") || !layers[i]["kind"].is_string())
      throw UsageError(index + ": a layer is an object with a \"kind\", such as {\"kind\": \"flatten\"}, not " +
                       layers[i].dump());
    const auto kind = layers[i]["kind"].get<std::string>();
    Scope inner = scope;
    inner.place = index + " (" + kind + "): ";
    inner.parameters["in"] = shape[0];
    const Json spec = substitute_parameters(layers[i], inner.parameters, inner.place);
    const Naming naming = naming_of(spec, kind, inner.place);
    for (int64_t turn = 0; turn < naming.turns; ++turn) {
      const std::string name = unique_name(naming.wanted, used);
      if (naming.named && turn == 0 && name != naming.wanted)
        throw UsageError(inner.place + "name: '" + naming.wanted + "' is taken by an earlier layer");
      inner.path = scope.path + "/" + name;
      inner.row = scope.row + name;
      inner.parameters["in"] = shape[0];
      module.register_module(name, layer(spec, kind, shape, inner));
      body += "    x = self." + name + ".forward(x)\n";
    }
  }
  module.define(body + "    return x\n");
  return module;
}

torch::jit::Module LayerCompiler::layer(const Json& spec, const std::string& kind, Shape& shape, const Scope& scope) {
  // Those that hold no other layer count too: blocks that repeat empty ones would never end.
  constexpr int64_t kMostLayers = 5000;
  if (++layers_ > kMostLayers)
    throw UsageError(scope.place +
                     "is layer 5,001 of the net, and more than 5,000 are not compiled; do blocks repeat each other?");
  if (kind == "residual") return residual(spec, shape, scope);
  if (kind == "branches") return branches(spec, shape, scope);
  for (const auto& row : layer_kinds())
    if (kind == row.name) return simple(row, spec, shape, scope);
  if (blocks_.contains(kind)) return block(kind, spec, shape, scope);
  unknown_kind(kind, scope);
}

void LayerCompiler::unknown_kind(const std::string& kind, const Scope& scope) const {
  std::vector<std::string> names = composite_names();
  for (const auto& row : layer_kinds()) names.emplace_back(row.name);
  for (const auto& [name, unused] : blocks_.items()) names.push_back(name);
  std::string where = scope.place.substr(0, scope.place.rfind(" ("));
  throw UsageError(where + ".kind: " + unknown_word("layer kind", kind, names));
}

torch::jit::Module LayerCompiler::simple(const LayerKind& kind, const Json& spec, Shape& shape, const Scope& scope) {
  LayerContext here = context(shape);
  here.path = scope.path;
  here.place = scope.place;
  BuiltLayer built = kind.build(spec, here);
  shape = built.output;
  rows.push_back({scope.row, kind.keras_name, shape, built.trainable, built.non_trainable});
  return built.module;
}

torch::jit::Module LayerCompiler::residual(const Json& spec, Shape& shape, const Scope& scope) {
  const auto f = layer_fields<ResidualFields>(spec, scope);
  torch::jit::Module module = new_module(context(shape), "Residual");
  Shape main = shape, other = shape;
  module.register_module("main", sequence(f.layers, main, below(scope, "layers"), "Sequence"));
  const bool has_shortcut = !f.shortcut.is_null();
  if (has_shortcut) {
    Scope inner = below(scope, "shortcut");
    inner.row += "shortcut_";
    module.register_module("shortcut", sequence(f.shortcut, other, inner, "Sequence"));
  }
  const bool add = main == other;
  if (!add && !f.if_same_shape)
    throw UsageError(scope.place + "cannot add " + shape_text(main) + " to " + shape_text(other) +
                     "; give the shortcut layers that reach the same shape");
  std::string body = "def forward(self, x):\n    y = self.main.forward(x)\n";
  if (add) body += has_shortcut ? "    y = y + self.shortcut.forward(x)\n" : "    y = y + x\n";
  module.define(body + "    x = y\n    return " + activation_expression(f.activation, false, main) + "\n");
  shape = main;
  if (add) rows.push_back({scope.row + "/add", "Add", shape});
  return module;
}

torch::jit::Module LayerCompiler::branches(const Json& spec, Shape& shape, const Scope& scope) {
  const auto f = layer_fields<BranchesFields>(spec, scope);
  if (!f.branches.is_array() || f.branches.empty())
    throw UsageError(scope.place + "branches: must be a list of lists of layers");
  torch::jit::Module module = new_module(context(shape), "Branches");
  Shape joined;
  std::string parts;
  for (size_t i = 0; i < f.branches.size(); ++i) {
    const std::string name = "branch_" + std::to_string(i);
    Scope inner = below(scope, name);
    inner.row += name + "_";
    inner.place = scope.place + "branches[" + std::to_string(i) + "]";
    Shape output = shape;
    module.register_module(name, sequence(f.branches[i], output, inner, "Sequence"));
    parts += (i ? ", self." : "self.") + name + ".forward(x)";
    if (i == 0) {
      joined = output;
    } else if (output.size() != joined.size() || !std::equal(output.begin() + 1, output.end(), joined.begin() + 1)) {
      throw UsageError(scope.place + "cannot join branches of " + shape_text(joined) + " and " + shape_text(output));
    } else {
      joined[0] += output[0];
    }
  }
  module.define("def forward(self, x):\n    return torch.cat([" + parts + "], " + (is_tokens(joined) ? "2" : "1") +
                ")\n");
  shape = joined;
  rows.push_back({scope.row + "/concatenate", "Concatenate", shape});
  return module;
}

torch::jit::Module LayerCompiler::block(const std::string& name, const Json& spec, Shape& shape, const Scope& scope) {
  BlockFields f;
  read_fields(blocks_[name], "model.blocks." + name + ".", f);
  Parameters parameters = parameters_;
  std::vector<std::string> names{"kind", "name", "repeat"};
  if (!f.parameters.is_object())
    throw UsageError("model.blocks." + name + ".parameters: must be an object {NAME: value}, not " +
                     f.parameters.dump());
  for (const auto& [key, value] : f.parameters.items()) {
    if (std::find(names.begin(), names.begin() + 3, key) != names.begin() + 3 || key == "in")
      throw UsageError("model.blocks." + name + ".parameters: '" + key + "' means something else; choose another name");
    parameters[key] = spec.contains(key) ? spec[key] : value;
    names.push_back(key);
    if (parameters[key].is_null()) throw UsageError(scope.place + key + ": must be given for the block '" + name + "'");
  }
  for (const auto& [key, unused] : spec.items())
    if (std::find(names.begin(), names.end(), key) == names.end())
      throw UsageError(scope.place + unknown_word("key", key, names));
  Scope inner = below(scope, "layers");
  inner.path = scope.path;
  inner.parameters = parameters;
  inner.blocks.push_back(name);
  inner.place = scope.place + "blocks." + name + ".layers";
  return sequence(f.layers, shape, inner, "Block");
}

torch::jit::Module LayerCompiler::preprocess(const Json& spec, const Shape& shape) {
  Json rescale = spec;
  if (spec.is_string()) {
    std::vector<std::string> words;
    for (const auto& [word, meaning] : preprocess_words()) {
      words.push_back(word);
      if (spec == word) rescale = meaning;
    }
    if (rescale.is_string())
      throw UsageError("model.preprocess: " + unknown_word("value", spec.get<std::string>(), words));
    if (shape[0] == 1) rescale = grey_rescale(rescale);
  }
  for (const auto& kind : layer_kinds())
    if (std::string(kind.name) == "rescale") {
      LayerContext here = context(shape);
      here.place = "model.preprocess: ";
      return kind.build(rescale, here).module;
    }
  throw UsageError("model.preprocess: the layer kind rescale is missing");
}

torch::jit::Module LayerCompiler::preprocess_for_base(const Json& spec, Shape& shape) {
  const bool grey = shape[0] == 1;
  shape[0] = 3;
  torch::jit::Module colours = preprocess(spec, shape);
  if (!grey) return colours;
  torch::jit::Module module = new_module(context(shape), "GreyToColours");
  module.register_module("rescaling", colours);
  module.define("def forward(self, x):\n    return self.rescaling.forward(torch.cat([x, x, x], 1))\n");
  return module;
}

}  // namespace cvtool
