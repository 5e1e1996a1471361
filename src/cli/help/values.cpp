#include "cli/help/values.h"

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "base/text.h"
#include "cli/sweep.h"
#include "spec/augment_kinds.h"
#include "spec/backbone_names.h"
#include "spec/head_text.h"
#include "spec/metric_table.h"
#include "spec/recipe.h"

namespace cvtool {
namespace {

// What a word in capitals stands for.
struct Placeholder {
  const char* name;
  const char* list;  // "": none
  bool files, folders;
};

const std::vector<Placeholder>& placeholders() {
  static const std::vector<Placeholder> all{
      {"BACKBONE", "backbones", false, false},
      {"BASE", "bases", true, false},
      {"DIR", "", false, true},
      {"FILE", "", true, false},
      {"IMAGE", "", true, false},
      {"KEY=A,B...", "settings", false, false},
      {"LAYERS", "layers", false, false},
      {"METRIC=VALUE", "metrics", false, false},
      {"RECIPE", "recipes", true, false},
      {"RUN", "runs", true, false},
      {"STEPS", "steps", false, false},
  };
  return all;
}

bool stands_for_something(const std::string& word) {
  return std::any_of(word.begin(), word.end(), [](unsigned char c) { return std::isupper(c); });
}

std::vector<std::string> step_words() {
  std::vector<std::string> words{"none"};
  for (const AugmentKind& kind : augment_kinds()) words.push_back(kind.short_name);
  return words;
}

std::vector<std::string> metric_words() {
  std::vector<std::string> words;
  for (const MetricKind& kind : metric_kinds()) words.push_back(kind.name + std::string("="));
  return words;
}

std::vector<std::string> setting_words() {
  std::vector<std::string> words = sweep_keys();
  for (std::string& word : words) word += "=";
  return words;
}

// The runs of the folder where runs are put by default.
std::vector<std::string> run_words() {
  std::vector<std::string> words;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("runs", error))
    if (std::filesystem::is_regular_file(entry.path() / "config.json", error)) words.push_back(entry.path().string());
  std::sort(words.begin(), words.end());
  return words;
}

}  // namespace

ValueHelp value_help(const std::string& value) {
  ValueHelp help;
  std::string text = value;
  if (!text.empty() && text.front() == '[' && text.back() == ']') text = text.substr(1, text.size() - 2);
  const std::string more = ",...";
  if (ends_with(text, more)) {
    help.goes_on = true;
    text.resize(text.size() - more.size());
  }
  for (const std::string& word : split(text, '|')) {
    if (!stands_for_something(word)) {
      if (!word.empty() && word != "-") help.words.push_back(word);
      continue;
    }
    for (const Placeholder& one : placeholders()) {
      if (word != one.name) continue;
      if (*one.list) help.lists.emplace_back(one.list);
      help.files |= one.files;
      help.folders |= one.folders;
    }
  }
  return help;
}

const std::vector<WordList>& word_lists() {
  static const std::vector<WordList> lists{
      {"backbones", backbone_names}, {"bases", known_backbones}, {"layers", head_word_names}, {"metrics", metric_words},
      {"recipes", recipe_names},     {"runs", run_words},        {"settings", setting_words}, {"steps", step_words},
  };
  return lists;
}

}  // namespace cvtool
