#include "data/split_words.h"

#include <algorithm>
#include <map>
#include <vector>

#include "base/text.h"

namespace cvtool {
namespace {

bool is_filler(const std::string& word) {
  static const std::vector<std::string> kWords{"set",  "data",   "dataset", "image",   "images",   "img",
                                               "imgs", "photo",  "photos",  "picture", "pictures", "split",
                                               "dir",  "folder", "sample",  "samples", "cls"};
  return std::find(kWords.begin(), kWords.end(), word) != kWords.end();
}

const std::map<std::string, std::string>& meanings() {
  static const std::map<std::string, std::string> kMeanings{
      {"train", "train"},      {"training", "train"}, {"trn", "train"},         {"test", "test"},
      {"testing", "test"},     {"tst", "test"},       {"tests", "test"},        {"valid", "valid"},
      {"val", "valid"},        {"validate", "valid"}, {"dev", "valid"},         {"validation", "valid"},
      {"validating", "valid"}, {"devel", "valid"},    {"development", "valid"}, {"eval", "valid"},
      {"evaluation", "valid"}, {"vald", "valid"}};
  return kMeanings;
}

// "training_set" -> "training"; "" where more than one word is left.
std::string core_of(std::string name) {
  name = lower(std::move(name));
  // A year ("train2017").
  const size_t digits = name.find_last_not_of("0123456789") + 1;
  const std::string year = name.substr(digits);
  if (digits > 0 && year.size() == 4 && (starts_with(year, "19") || starts_with(year, "20"))) name.resize(digits);
  for (char& c : name)
    if (c == '-' || c == '_' || c == '.') c = ' ';
  std::string core;
  for (const std::string& word : split(name, ' ')) {
    if (word.empty() || is_filler(word)) continue;
    if (!core.empty()) return "";
    core = word;
  }
  // Written as one word: "testset", "trainimages".
  for (const auto& [known, meaning] : meanings())
    if (starts_with(core, known) && is_filler(core.substr(known.size()))) return known;
  return core;
}

}  // namespace

std::string split_name(const std::string& word) {
  const auto found = meanings().find(core_of(word));
  return found == meanings().end() ? "" : found->second;
}

bool is_evaluation_word(const std::string& word) {
  const std::string core = core_of(word);
  return core == "eval" || core == "evaluation";
}

}  // namespace cvtool
