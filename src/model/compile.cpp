#include "model/compile.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "base/text.h"
#include "model/bases/backbone.h"
#include "model/layer_compiler.h"
#include "model/layers/layer_builders.h"
#include "spec/recipe.h"

namespace cvtool {
namespace {

// Of a last layer that is repeated, the last turn stands by itself: it alone loses its activation.
void last_by_itself(Json& layers) {
  Json& last = layers.back();
  const Json repeat = last.value("repeat", Json());
  if (!repeat.is_number_integer() || repeat.get<int64_t>() < 2) return;
  Json turn = last;
  turn.erase("repeat");
  turn.erase("name");
  last["repeat"] = repeat.get<int64_t>() - 1;
  layers.push_back(std::move(turn));
}

// Takes the last activation off the layers: the loss is computed from the values before it.
std::string take_last_activation(Json& layers, const Parameters& parameters) {
  if (!layers.is_array() || layers.empty() || !layers.back().is_object()) return "linear";
  last_by_itself(layers);
  Json& last = layers.back();
  const auto text_of = [&](const char* key) {
    return substitute_parameters(last.value(key, Json("linear")), parameters, "model.layers: the last layer: ");
  };
  const bool is_activation = last.value("kind", Json()) == "activation";
  const Json name = text_of(is_activation ? "function" : "activation");
  if (name != "softmax" && name != "sigmoid") return "linear";
  if (is_activation)
    layers.erase(layers.size() - 1);
  else
    last.erase("activation");
  return name.get<std::string>();
}

constexpr const char* kItsInput = "x";

// The function that a module applies last, "" where it is something else, kItsInput where it gives its input on;
// dropout and another shape do not count.
std::string last_function(const torch::jit::Module& module) {
  static const std::set<std::string> passed{"aten::dropout", "aten::flatten", "aten::permute", "aten::reshape",
                                            "aten::view"};
  static const std::map<std::string, std::string> functions{{"aten::clamp", "relu6"},
                                                            {"aten::elu", "elu"},
                                                            {"aten::gelu", "gelu"},
                                                            {"aten::hardsigmoid", "hard_sigmoid"},
                                                            {"aten::hardswish", "hard_swish"},
                                                            {"aten::relu", "relu"},
                                                            {"aten::relu_", "relu"},
                                                            {"aten::leaky_relu", "leaky_relu"},
                                                            {"aten::sigmoid", "sigmoid"},
                                                            {"aten::silu", "silu"},
                                                            {"aten::softmax", "softmax"},
                                                            {"aten::tanh", "tanh"}};
  const auto graph = module.get_method("forward").graph();
  const torch::jit::Value* value = graph->outputs()[0];
  while (value != graph->inputs()[1]) {
    const torch::jit::Node* node = value->node();
    const std::string kind = node->kind().toQualString();
    if (passed.count(kind)) {
      value = node->inputs()[0];
    } else if (kind == "prim::CallMethod" && node->inputs()[0]->node()->kind() == c10::prim::GetAttr) {
      const std::string child = node->inputs()[0]->node()->s(c10::attr::name);
      const std::string last = last_function(module.attr(child).toModule());
      if (last != kItsInput) return last;
      value = node->inputs()[1];
    } else {
      const auto found = functions.find(kind);
      return found == functions.end() ? "" : found->second;
    }
  }
  return kItsInput;
}

// What softmax would be put on top of must be values of any size.
void check_logits(const torch::jit::Module& head, const std::string& activation) {
  if (activation != "linear") return;  // given: what is before it is meant
  if (const std::string name = last_function(head); !name.empty() && name != kItsInput)
    throw UsageError("model.layers: the net ends in " + name +
                     ", and softmax would be put on top of it; the last layer's activation is softmax, sigmoid or "
                     "linear (softmax is then put on top)");
}

std::string check_output(const Net& net, const std::string& activation, const Shape& shape, int64_t classes) {
  if (shape.size() != 1)
    throw UsageError("model: the last layer gives " + shape_text(shape) + ", not a vector; end with a dense layer");
  if (net.units == 1 && classes == 2) {
    if (activation == "softmax")
      throw UsageError("model: softmax over one unit is always 1; use sigmoid, or two units");
    return "sigmoid";
  }
  if (net.units == classes) return activation == "linear" ? "softmax" : activation;
  throw UsageError("model: the last layer has " + counted(net.units, "unit") + ", but there are " +
                   counted(classes, "class") + "; set its units to null (the number of classes)" +
                   (classes == 2 ? ", 2, or 1 with sigmoid" : ""));
}

// The methods repeat each other instead of calling each other: freezing a module loses methods that do.
// The temperature is 1 until the model is calibrated; z / 1.0 is z, bit for bit. Several sigmoid units are trained by
// the softmax over their logits, so that is what is given: each by itself they need not sum to 1, and round to 1
// together.
void define_outputs(Net& net, bool independent_units) {
  net.module.register_attribute("temperature", c10::FloatType::get(), 1.0);
  const std::string body =
      net.backbone.is_null() ? "self.preprocess.forward(x)" : "self.base.forward(self.preprocess.forward(x))";
  const std::string head = "self.head.forward(" + body + ")";
  const std::string logits = "    z = " + head + " / self.temperature\n";
  const bool sigmoid_units = net.units > 1 && net.activation == "sigmoid";
  std::string probabilities = net.units == 1 ? "    p = torch.sigmoid(z)\n    return torch.cat([1.0 - p, p], 1)\n"
                                             : "    return torch.softmax(z, 1)\n";
  if (sigmoid_units && independent_units) probabilities = "    return torch.sigmoid(z)\n";
  net.module.define("def logits(self, x):\n" + logits + "    return z\n");
  net.module.define("def probabilities(self, z):\n" + probabilities);
  net.module.define("def forward(self, x):\n" + logits + probabilities);
  if (sigmoid_units && !independent_units)
    net.module.define("def sigmoids(self, x):\n    return torch.sigmoid(" + head + ")\n");
}

}  // namespace

const std::vector<std::pair<std::string, Json>>& preprocess_words() {
  static const std::vector<std::pair<std::string, Json>> words{
      {"none", Json::object()},
      {"unit", {{"scale", 1.0 / 255}}},
      {"symmetric", {{"scale", 1.0 / 127.5}, {"offset", -1.0}}},
      // ImageNet's mean and standard deviation as torchvision documents them, for pixels 0..255.
      {"imagenet",
       {{"scale", {1 / (255 * 0.229), 1 / (255 * 0.224), 1 / (255 * 0.225)}},
        {"offset", {-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225}}}},
      // Keras's VGG16 weights: BGR minus the mean pixel.
      {"caffe", {{"channels", "bgr"}, {"offset", {-103.939, -116.779, -123.68}}}},
  };
  return words;
}

NetTarget net_target(const Recipe& recipe, int64_t classes) {
  NetTarget target{input_size(recipe), classes, static_cast<uint64_t>(recipe.train.seed)};
  target.channels = recipe.data.channels;
  return target;
}

Net compile_net(const Json& json, const NetTarget& target, const Base* base) {
  NetSpec spec;
  read_fields(json, "model.", spec);
  if (spec.layers.is_null()) throw UsageError("model.layers: must be given, a list of layers");
  LayerCompiler compiler(target, spec, /*any_size=*/false);
  const std::string activation = take_last_activation(spec.layers, compiler.parameters());
  Shape shape{target.channels, target.imgsz.height, target.imgsz.width};
  Net net;
  net.module = new_module(compiler.context(shape), "Classifier");
  Base backbone;
  if (!spec.backbone.empty()) backbone = base ? *base : open_backbone(spec.backbone);
  if (spec.preprocess.is_null()) spec.preprocess = backbone.preprocess;
  net.module.register_module("preprocess", spec.backbone.empty()
                                               ? compiler.preprocess(spec.preprocess, shape)
                                               : compiler.preprocess_for_base(spec.preprocess, shape));
  if (!spec.backbone.empty()) {
    compiler.rows.push_back(attach_backbone(backbone, shape, net.module));
    net.backbone = backbone.info;
    shape = compiler.rows.back().output;
  }
  net.module.register_module(
      "head", compiler.sequence(spec.layers, shape, {"head", "", "model.layers", compiler.parameters(), 0}, "Head"));
  check_logits(net.module.attr("head").toModule(), activation);
  net.units = shape.at(0);
  net.rows = std::move(compiler.rows);
  net.activation = check_output(net, activation, shape, target.classes);
  define_outputs(net, target.independent_units);
  return net;
}

BackboneNet compile_backbone(const Json& json, const NetTarget& target) {
  NetSpec spec;
  read_fields(json, "model.", spec);
  LayerCompiler compiler(target, spec, /*any_size=*/true);
  BackboneNet backbone;
  backbone.output = {3, target.imgsz.height, target.imgsz.width};
  if (!spec.preprocess.is_null())
    compiler.preprocess(spec.preprocess,
                        backbone.output);  // an unknown word is an error here, not when the backbone is used
  backbone.module =
      compiler.sequence(spec.layers, backbone.output, {"base", "", "model.layers", compiler.parameters(), 0}, "Base");
  backbone.module.eval();
  backbone.rows = std::move(compiler.rows);
  return backbone;
}

LayerTable layer_table(const std::vector<SummaryRow>& rows) {
  LayerTable table;
  for (const SummaryRow& row : rows) {
    LayerSummary layer{row.name, row.kind, row.output, row.trainable, row.non_trainable, {}};
    // Keras's order: height, width, channels; tokens, channels.
    if (row.output.size() > 1) std::rotate(layer.output.begin(), layer.output.begin() + 1, layer.output.end());
    table.layers.push_back(std::move(layer));
    table.trainable += row.trainable;
    table.non_trainable += row.non_trainable;
  }
  return table;
}

}  // namespace cvtool
