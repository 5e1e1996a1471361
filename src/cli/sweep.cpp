#include "cli/sweep.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/name_list.h"
#include "base/text.h"
#include "spec/data_config.h"
#include "spec/train_config.h"

namespace cvtool {
namespace {

class KeyList {
 public:
  template <class T>
  void operator()(const char* key, T&, const Doc&) {
    keys.emplace_back(key);
  }
  std::vector<std::string> keys;
};

// A section of the recipe.
struct Section {
  const char* name;
  std::vector<std::string> keys;
  void (*check)(const Json& values);  // throws UsageError
};

template <class Config>
Section section(const char* name) {
  Config config;
  KeyList list;
  fields(config, list);
  return {name, list.keys, [](const Json& values) {
            Config read;
            read_fields(values, "--sweep ", read);
          }};
}

const std::vector<Section>& sections() {
  static const std::vector<Section> all{section<TrainConfig>("train"), section<DataConfig>("data"),
                                        section<TransferConfig>("transfer")};
  return all;
}

const Section& section_of(const std::string& key) {
  for (const Section& one : sections())
    if (std::find(one.keys.begin(), one.keys.end(), key) != one.keys.end()) return one;
  throw UsageError("--sweep: " + unknown_word("setting", key, sweep_keys()));
}

// A number or true as JSON, else a text.
Json value_from(const std::string& text) {
  const Json value = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  return value.is_number() || value.is_boolean() ? value : Json(text);
}

// The same training twice: --repeat trains with other seeds.
void refuse_equal(const std::string& key, const std::vector<std::string>& values) {
  for (size_t i = 0; i < values.size(); ++i)
    for (size_t j = 0; j < i; ++j)
      if (value_from(values[i]) == value_from(values[j]))
        throw UsageError("--sweep " + key + ": " + values[j] + " and " + values[i] +
                         " are the same value; name each once (--repeat trains with several seeds)");
}

std::vector<SweepPoint> longer_by(const std::vector<SweepPoint>& points, const std::string& key,
                                  const std::vector<std::string>& values) {
  const Section& section = section_of(key);
  refuse_equal(key, values);
  if (points[0].overrides.value(section.name, Json::object()).contains(key))
    throw UsageError("--sweep: " + key + " is named twice; put all of its values into one list");
  std::vector<SweepPoint> longer;
  for (const SweepPoint& point : points)
    for (const std::string& text : values) {
      const Json value = value_from(text);
      section.check({{key, value}});
      SweepPoint next = point;
      next.overrides[section.name][key] = value;
      next.name += (next.name.empty() ? "" : ", ") + key + " " + text;
      longer.push_back(std::move(next));
    }
  return longer;
}

}  // namespace

std::vector<std::string> sweep_keys() {
  std::vector<std::string> keys;
  for (const Section& one : sections()) keys.insert(keys.end(), one.keys.begin(), one.keys.end());
  return keys;
}

std::vector<SweepPoint> sweep_points(const std::vector<std::string>& sweep) {
  std::vector<SweepPoint> points(1);
  for (const std::string& axis : sweep) {
    const size_t equals = axis.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == axis.size())
      throw UsageError("--sweep: '" + axis + "' is not a list of values; write KEY=A,B such as lr=1e-4,1e-3");
    std::string key = axis.substr(0, equals);
    std::replace(key.begin(), key.end(), '-', '_');
    points = longer_by(points, key, names_from_text(axis.substr(equals + 1), "--sweep " + key));
  }
  return points;
}

}  // namespace cvtool
