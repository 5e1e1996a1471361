#include "spec/head_text.h"

#include <nlohmann/json.hpp>
#include <vector>

#include "base/error.h"
#include "base/text.h"

namespace cvtool {
namespace {

struct HeadWord {
  const char* word;
  const char* kind;
  std::vector<const char*> keys;  // what the values behind the colons set, in order
};

const std::vector<HeadWord>& head_words() {
  static const std::vector<HeadWord> words{
      {"flatten", "flatten", {}},
      {"global_avg", "global_avg_pool2d", {}},
      {"global_max", "global_max_pool2d", {}},
      {"dense", "dense", {"units", "activation"}},
      {"dropout", "dropout", {"rate"}},
      {"batch_norm", "batch_norm", {"activation"}},
      {"activation", "activation", {"function"}},
      {"conv2d", "conv2d", {"filters", "kernel", "activation"}},
      {"max_pool2d", "max_pool2d", {"kernel"}},
      {"avg_pool2d", "avg_pool2d", {"kernel"}},
  };
  return words;
}

Json layer_from_text(const std::string& text, const std::string& place) {
  const std::vector<std::string> parts = split(text, ':');
  std::vector<std::string> names;
  for (const HeadWord& row : head_words()) {
    names.emplace_back(row.word);
    if (parts[0] != row.word && parts[0] != row.kind) continue;
    if (parts.size() - 1 > row.keys.size())
      throw UsageError(place + ": " + text + ": '" + parts[0] + "' takes " +
                       counted(static_cast<int64_t>(row.keys.size()), "value") + ", not " +
                       std::to_string(parts.size() - 1));
    Json layer{{"kind", row.kind}};
    for (size_t i = 1; i < parts.size(); ++i) {
      if (parts[i].empty()) throw UsageError(place + ": " + text + ": there is no value after the colon");
      const Json value = Json::parse(parts[i], nullptr, /*allow_exceptions=*/false);
      layer[row.keys[i - 1]] = value.is_number() ? value : Json(parts[i]);
    }
    return layer;
  }
  throw UsageError(place + ": " + unknown_word("layer", parts[0], names));
}

bool gives_scores(const Json& layer) {
  const std::string activation = layer.value("activation", "linear");
  return layer["kind"] == "dense" && (activation == "linear" || activation == "softmax" || activation == "sigmoid");
}

}  // namespace

Json layers_from_text(const std::string& text, const std::string& place) {
  Json layers = Json::array();
  for (const std::string& word : split(text, ',')) {
    if (word.empty()) throw UsageError(place + ": '" + text + "' has an empty layer; write " + head_words_help());
    layers.push_back(layer_from_text(word, place));
  }
  if (!gives_scores(layers.back())) layers.push_back({{"kind", "dense"}});
  return layers;
}

std::vector<std::string> head_word_names() {
  std::vector<std::string> names;
  for (const HeadWord& row : head_words()) names.emplace_back(row.word);
  return names;
}

std::string head_words_help() {
  std::string help;
  for (const HeadWord& row : head_words()) {
    help += (help.empty() ? "" : ", ") + std::string(row.word);
    for (const char* key : row.keys) {
      std::string name;
      for (const char* c = key; *c; ++c) name += static_cast<char>(std::toupper(static_cast<unsigned char>(*c)));
      help += "[:" + name;
    }
    help += std::string(row.keys.size(), ']');
  }
  return help;
}

}  // namespace cvtool
