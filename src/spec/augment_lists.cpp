#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "spec/augment_kinds.h"

namespace cvtool {
namespace {

// Where messages say that a resolved list is wrong.
const std::string kPlace = "augment";

// One strength as it is written on the command line.
std::string value_text(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_array()) return value[0].dump() + "x" + value[1].dump();  // a size
  const std::string text = value.dump();
  return ends_with(text, ".0") ? text.substr(0, text.size() - 2) : text;
}

std::vector<std::string> names_where(const Json& augment, bool AugmentKind::*is_so) {
  std::vector<std::string> out;
  for (const auto& entry : augment) {
    const AugmentKind& kind = augment_kind(entry["kind"].get_ref<const std::string&>(), kPlace);
    if (kind.*is_so) out.push_back(kind.name);
  }
  return out;
}

}  // namespace

Json resolve_entry(const AugmentKind& kind, const Json& entry, const std::string& place) {
  Json out = Json::object();
  out["kind"] = kind.name;
  out.update(kind.resolve(entry, place));
  return out;
}

Json resolve_augment(const Json& value, const std::string& place) {
  if (value.is_null()) return Json::array();
  if (value.is_string()) return parse_augment_text(value.get<std::string>(), place);
  if (!value.is_array())
    throw UsageError(place + ": must be a list such as [{\"kind\": \"random_flip\"}], not " + value.dump());
  Json out = Json::array();
  for (size_t i = 0; i < value.size(); ++i) {
    const std::string where = place + "[" + std::to_string(i) + "]";
    const Json& entry = value[i];
    if (!entry.is_object() || !entry.contains("kind") || !entry["kind"].is_string())
      throw UsageError(where + ": must be an object with a \"kind\", not " + entry.dump());
    const auto& name = entry["kind"].get_ref<const std::string&>();
    const AugmentKind& kind = augment_kind(name, where);
    out.push_back(resolve_entry(kind, entry, where + " " + kind.short_name + "."));
  }
  return out;
}

std::string augment_text(const Json& augment) {
  std::vector<std::string> parts;
  for (const auto& entry : augment) {
    const auto& name = entry["kind"].get_ref<const std::string&>();
    const AugmentKind& kind = augment_kind(name, kPlace);
    std::vector<std::string> values;
    for (const auto& key : kind.strengths) values.push_back(value_text(entry[key]));
    const bool one =
        kind.one_for_all && std::count(values.begin(), values.end(), values[0]) == static_cast<int64_t>(values.size());
    if (one || (values.size() > 1 && values.back() == "-1")) values.resize(1);  // -1: that of the height
    parts.push_back(kind.short_name + ("=" + join(values, ":")));
  }
  return join(parts, ", ");
}

ImageSize size_after_augment(const Json& augment, ImageSize size) {
  for (const auto& entry : augment)
    if (entry["kind"] == "random_crop") JsonReader(entry, "augment.")("size", size, Doc("size of the cut-out"));
  return size;
}

std::vector<std::string> orientation_changes(const Json& augment) {
  return names_where(augment, &AugmentKind::changes_orientation);
}

std::vector<std::string> colour_changes(const Json& augment) {
  return names_where(augment, &AugmentKind::needs_colour);
}

TtaPlan parse_tta_text(const std::string& text, const std::string& place) {
  if (text == "none") return {};
  if (text == "flip") return {true, 2};
  const Json number = Json::parse(text, nullptr, false);
  if (!number.is_number_unsigned() || number < 1 || number > 64)
    throw UsageError(place + ": must be none, flip or a number of variants from 1 to 64, not '" + text + "'");
  return {false, number.get<int64_t>()};
}

std::string tta_text(const TtaPlan& plan) {
  return plan.flip ? "flip" : plan.variants > 1 ? std::to_string(plan.variants) : "none";
}

}  // namespace cvtool
