#include "base/name_list.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>

#include "base/csv.h"
#include "base/error.h"
#include "base/json.h"

namespace cvtool {
namespace {

constexpr const char* kBlanks = " \t\r\n";

std::vector<std::string> names_from_json(const std::string& text, const std::string& flag) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  std::vector<std::string> names;
  if (json.is_object())
    for (const auto& [name, value] : json.items()) names.push_back(name + "=" + value.dump());
  else if (json.is_array())
    for (const Json& value : json) names.push_back(value.is_string() ? value.get<std::string>() : value.dump());
  else
    throw UsageError(flag + ": '" + text + "' begins as JSON does, but is none; write " +
                     (text.find('{') < text.find('[') ? R"({"NAME": 2, "OTHER": 1})" : R"(["NAME", "OTHER"])"));
  return names;
}

// A name may begin with a bracket too, hardly with one and a quotation mark.
bool looks_like_json(const std::string& text, size_t first) {
  const size_t next = text.find_first_not_of(kBlanks, first + 1);
  return (text[first] == '{' || text[first] == '[') && next != std::string::npos &&
         std::string_view("\"}]").find(text[next]) != std::string_view::npos;
}

// One part of a list: `kept` bytes at its end stood in quotation marks and are no blanks to be removed.
struct Part {
  std::string name;
  size_t kept = 0;

  void trim() {
    const size_t end = name.find_last_not_of(kBlanks);
    name.resize(std::max(kept, end == std::string::npos ? 0 : end + 1));
  }
};

}  // namespace

std::vector<std::string> names_from_text(const std::string& text, const std::string& flag) {
  const size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string::npos) return {};
  if (looks_like_json(text, first)) return names_from_json(text, flag);
  std::vector<Part> parts{{}};
  bool quoted = false;
  for (size_t at = first; at < text.size(); ++at) {
    const char c = text[at];
    Part& part = parts.back();
    if (c == '"' && quoted && at + 1 < text.size() && text[at + 1] == '"') {
      part.name += text[++at];
    } else if (c == '"' && (quoted || part.name.empty())) {
      quoted = !quoted;
      part.kept = part.name.size();
    } else if (c == ',' && !quoted) {
      part.trim();
      parts.emplace_back();
    } else if (quoted || !part.name.empty() || std::string_view(kBlanks).find(c) == std::string_view::npos) {
      part.name += c;
    }
  }
  if (quoted) throw UsageError(flag + ": a quotation mark is not closed in '" + text + "'");
  parts.back().trim();
  std::vector<std::string> names;
  for (Part& part : parts) names.push_back(std::move(part.name));
  return names;
}

std::string text_of_names(const std::vector<std::string>& names) {
  std::string text;
  for (size_t i = 0; i < names.size(); ++i) {
    const std::string& name = names[i];
    const bool edge = !name.empty() && (std::string_view(kBlanks).find(name.front()) != std::string_view::npos ||
                                        std::string_view(kBlanks).find(name.back()) != std::string_view::npos);
    const bool plain = !edge && name.find_first_of(",\"") == std::string::npos;
    text += (i ? "," : "") + (plain ? name : csv_quoted(name));
  }
  return text;
}

}  // namespace cvtool
