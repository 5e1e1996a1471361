#include "model/tensor_names.h"

#include <algorithm>
#include <string_view>

#include "base/error.h"
#include "model/blocks.h"

namespace cvtool {
namespace {

Json captured(std::string_view text) {
  const bool digits = std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c); });
  if (digits && text.size() < 10) return std::stoll(std::string(text));
  return std::string(text);
}

// Fills `values` with what stands at each {name}; false when the text does not fit.
bool fits(std::string_view pattern, std::string_view text, Json& values) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] != '{')
    return !text.empty() && pattern[0] == text[0] && fits(pattern.substr(1), text.substr(1), values);
  const size_t end = pattern.find('}');
  if (end == std::string_view::npos) return false;
  for (size_t length = std::min(text.find('.'), text.size()); length > 0; --length)
    if (fits(pattern.substr(end + 1), text.substr(length), values)) {
      values[std::string(pattern.substr(1, end - 1))] = captured(text.substr(0, length));
      return true;
    }
  return false;
}

}  // namespace

std::string fill_pattern(const std::string& text, const Json& values, const std::string& place) {
  Parameters parameters;
  for (const auto& [name, value] : values.items()) parameters[name] = value;
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t open = text.find('{', at);
    const size_t close = open == std::string::npos ? open : text.find('}', open);
    if (close == std::string::npos) return out + text.substr(at);
    const Json value = evaluate_expression(text.substr(open + 1, close - open - 1), parameters, place);
    out += text.substr(at, open - at) + (value.is_string() ? value.get<std::string>() : value.dump());
    at = close + 1;
  }
  return out;
}

TensorNames::TensorNames(const Json& table, Json lists, std::string place)
    : lists_(std::move(lists)), place_(std::move(place)) {
  if (!lists_.is_object()) throw UsageError(place_ + "lists: must be an object {NAME: list or object}");
  if (!table.is_object()) throw UsageError(place_ + "must be an object {\"layer\": \"layer of the file\"}");
  for (const auto& [from, to] : table.items()) {
    if (!to.is_string()) throw UsageError(place_ + from + ": must be a text, not " + to.dump());
    lines_.push_back({from, to.get<std::string>()});
  }
}

std::string TensorNames::in_file(const std::string& tensor) const {
  const size_t dot = std::min(tensor.rfind('.'), tensor.size());
  for (const Line& line : lines_) {
    Json names = Json::object();
    if (!fits(line.from, std::string_view(tensor).substr(0, dot), names)) continue;
    Json values = lists_;
    values.update(names);
    return fill_pattern(line.to, values, place_) + tensor.substr(dot);
  }
  throw UsageError(place_ + "no line fits the layer '" + tensor.substr(0, dot) + "'");
}

}  // namespace cvtool
