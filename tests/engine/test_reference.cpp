// Keeps models/README.md true: every key, default and meaning in it is compared with the tables of the
// program.
#include <doctest/doctest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/files.h"
#include "base/text.h"
#include "model/bases/backbone_spec.h"
#include "model/compile.h"
#include "spec/augment_kinds.h"
#include "spec/layer_fields.h"
#include "spec/recipe.h"
#include "train/optimizer.h"

namespace cvtool {
namespace {

// What the README must say of one struct.
struct Reference {
  Json defaults = Json::object();
  std::string table;  // "| `key` | `default` | meaning |" a line
};

std::string number_text(double value) {
  const std::string text = Json(value).dump();
  return ends_with(text, ".0") ? text.substr(0, text.size() - 2) : text;
}

std::string meaning(const Doc& doc, const std::string& kind) {
  std::string text = doc.help + (doc.special.empty() ? "" : "; " + doc.special + ": " + doc.meaning);
  if (doc.choices == activation_names() && kind != "activation")
    return text + ", one of those of [activation](#activation)";
  for (size_t i = 0; i < doc.choices.size(); ++i) text += (i ? ", `" : ": `") + doc.choices[i] + "`";
  for (size_t i = 0; i < doc.allowed_numbers.size(); ++i)
    text += (i ? ", `" : ": `") + std::to_string(doc.allowed_numbers[i]) + "`";
  const bool bounded_above = doc.high < 9e15;  // the largest integer of JSON is not a bound to tell of
  if (std::isfinite(doc.low) && bounded_above)
    return text + "; " + (doc.low_excluded ? "above " : "") + number_text(doc.low) + " to " +
           (doc.high_excluded ? "below " : "") + number_text(doc.high);
  if (std::isfinite(doc.low)) return text + "; at least " + number_text(doc.low);
  return text;
}

class ReferenceWriter {
 public:
  ReferenceWriter(Reference& reference, std::string kind) : reference_(reference), kind_(std::move(kind)) {}
  template <class T>
  void operator()(const char* key, T& value, const Doc& doc) {
    JsonWriter writer(reference_.defaults);
    writer(key, value, doc);
    reference_.table +=
        "| `" + std::string(key) + "` | `" + reference_.defaults[key].dump() + "` | " + meaning(doc, kind_) + " |\n";
  }

 private:
  Reference& reference_;
  std::string kind_;
};

template <class Fields>
Reference reference_of(const std::string& kind = "") {
  Reference reference;
  if (!kind.empty()) reference.defaults["kind"] = kind;
  Fields values;
  fields(values, ReferenceWriter(reference, kind));
  return reference;
}

const std::string& readme() {
  static const std::string text = read_file(std::string(CVTOOL_TESTS_FOLDER) + "/../models/README.md");
  return text;
}

// The text below "### heading" up to the next heading.
std::string section(const std::string& heading) {
  const std::string line = "\n### " + heading + "\n";
  const size_t begin = readme().find(line);
  if (begin == std::string::npos) return "";
  const size_t end = readme().find("\n#", begin + line.size());
  return readme().substr(begin + line.size(), end - begin - line.size() + 1);
}

// The fenced JSON blocks of a text.
std::vector<std::string> json_blocks(const std::string& text) {
  const std::string fence = "```json\n";
  std::vector<std::string> blocks;
  for (size_t at = text.find(fence); at != std::string::npos; at = text.find(fence, at)) {
    at += fence.size();
    blocks.push_back(text.substr(at, text.find("```", at) - at));
  }
  return blocks;
}

// The table's lines that begin with a key.
std::string table_rows(const std::string& text) {
  std::string rows, line;
  for (std::istringstream in(text); std::getline(in, line);)
    if (starts_with(line, "| `")) rows += line + "\n";
  return rows;
}

void check_section(const std::string& heading, const Reference& wanted) {
  INFO("models/README.md, section \"### " << heading << "\"");
  const std::string text = section(heading);
  REQUIRE_FALSE(text.empty());
  const auto blocks = json_blocks(text);
  REQUIRE_FALSE(blocks.empty());
  CHECK(json_from_text(blocks[0], "block").dump() == wanted.defaults.dump());
  CHECK(table_rows(text) == wanted.table);
}

std::vector<std::pair<std::string, Reference>> layer_references() {
  return {{"activation", reference_of<ActivationFields>("activation")},
          {"avg_pool2d", reference_of<Pool2dFields>("avg_pool2d")},
          {"batch_norm", reference_of<BatchNormFields>("batch_norm")},
          {"class_token", reference_of<NoFields>("class_token")},
          {"conv2d", reference_of<Conv2dFields>("conv2d")},
          {"dense", reference_of<DenseFields>("dense")},
          {"depthwise_conv2d", reference_of<DepthwiseConv2dFields>("depthwise_conv2d")},
          {"dropout", reference_of<DropoutFields>("dropout")},
          {"flatten", reference_of<NoFields>("flatten")},
          {"global_avg_pool2d", reference_of<NoFields>("global_avg_pool2d")},
          {"global_max_pool2d", reference_of<NoFields>("global_max_pool2d")},
          {"layer_norm", reference_of<LayerNormFields>("layer_norm")},
          {"layer_scale", reference_of<LayerScaleFields>("layer_scale")},
          {"lrn", reference_of<LrnFields>("lrn")},
          {"max_pool2d", reference_of<Pool2dFields>("max_pool2d")},
          {"multi_head_attention", reference_of<MultiHeadAttentionFields>("multi_head_attention")},
          {"rescale", reference_of<RescaleFields>("rescale")},
          {"squeeze_excite", reference_of<SqueezeExciteFields>("squeeze_excite")},
          {"stochastic_depth", reference_of<StochasticDepthFields>("stochastic_depth")},
          {"tokens", reference_of<TokensFields>("tokens")}};
}

TEST_CASE("the reference describes every layer kind with every key at its default") {
  const auto references = layer_references();
  REQUIRE(references.size() == layer_kinds().size());
  for (size_t i = 0; i < references.size(); ++i) {
    const std::string& name = references[i].first;
    const Reference& reference = references[i].second;
    REQUIRE(name == layer_kinds()[i].name);
    Json defaults{{"kind", name}};
    layer_kinds()[i].defaults(defaults);
    CHECK(reference.defaults.dump() == defaults.dump());
    check_section(name, reference);
    CHECK_MESSAGE(section(name).find(layer_kinds()[i].help) != std::string::npos, name, ": must say \"",
                  layer_kinds()[i].help, "\"");
  }
}

TEST_CASE("the reference describes every augmentation with every key at its default") {
  for (const AugmentKind& kind : augment_kinds()) {
    Reference reference;
    reference.defaults["kind"] = kind.name;
    for (const AugmentField& field : kind.describe()) {
      reference.defaults[field.key] = json_from_text(field.default_text, "default");
      reference.table +=
          "| `" + field.key + "` | `" + field.default_text + "` | " + meaning(field.doc, kind.name) + " |\n";
    }
    check_section(kind.name, reference);
    CHECK_MESSAGE(section(kind.name).find("`" + std::string(kind.short_name)) != std::string::npos, kind.name,
                  ": must show ", kind.short_name);
    CHECK_MESSAGE(section(kind.name).find(kind.help) != std::string::npos, kind.name, ": must say \"", kind.help, "\"");
  }
}

TEST_CASE("the text form of an augmentation in the reference is its list form") {
  const std::string text = section("augment");
  const auto blocks = json_blocks(text);
  REQUIRE(blocks.size() == 1);
  CHECK(resolve_augment(json_from_text(blocks[0], "block"), "") == parse_augment_text("flip=horizontal,rotation=0.2"));
  CHECK(text.find("`\"augment\": \"flip=horizontal,rotation=0.2\"`") != std::string::npos);
}

TEST_CASE("the reference describes the sections of a recipe") {
  check_section("data", reference_of<DataConfig>());
  check_section("model", reference_of<NetSpec>());
  check_section("train", reference_of<TrainConfig>());
  check_section("transfer", reference_of<TransferConfig>());
}

TEST_CASE("the reference describes residual, branches and blocks") {
  check_section("residual", reference_of<ResidualFields>("residual"));
  check_section("branches", reference_of<BranchesFields>("branches"));
  check_section("blocks", reference_of<BlockFields>());
}

TEST_CASE("the reference describes the spec of a backbone") {
  check_section("A backbone's spec", reference_of<BackboneSpec>());
  check_section("The table of weights", reference_of<WeightEntry>());
}

TEST_CASE("the whole recipe of the reference is one, resolved") {
  const auto blocks = json_blocks(section("A whole recipe"));
  REQUIRE(blocks.size() == 1);
  const Json recipe = json_from_text(blocks[0], "recipe");
  CHECK(recipe.dump() == recipe_to_json(recipe_from_json(recipe, "")).dump());
}

TEST_CASE("the reference gives what each word of preprocess stands for") {
  Json words = Json::object();
  for (const auto& [word, rescale] : preprocess_words()) words[word] = rescale;
  const auto blocks = json_blocks(section("preprocess"));
  REQUIRE(blocks.size() == 1);
  CHECK(json_from_text(blocks[0], "block").dump() == words.dump());
}

TEST_CASE("the reference gives each optimizer's own values") {
  std::string rows;
  for (const auto& kind : optimizer_kinds())
    rows += "| `" + std::string(kind.name) + "` | " + number_text(kind.lr) + " | " + number_text(kind.epsilon) + " | " +
            number_text(kind.beta_2) + " | " + number_text(kind.weight_decay) + " |\n";
  CHECK(table_rows(section("Optimizers")) == rows);
}

TEST_CASE("every net shown in the reference compiles") {
  int nets = 0;
  for (const std::string& block : json_blocks(readme())) {
    Json net = json_from_text(block, "block");
    if (!net.is_object()) continue;
    if (net.contains("model")) net = net["model"];
    if (!net.contains("layers") || !net["layers"].is_array() || net.contains("kind")) continue;
    INFO(block);
    CHECK_NOTHROW(compile_net(net, {{64, 64}, 2, 1}));
    ++nets;
  }
  CHECK(nets >= 4);
}

}  // namespace
}  // namespace cvtool
