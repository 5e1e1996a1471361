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

bool fits(std::string_view pattern, std::string_view text, Json& values);

// {_name}: the number of a repeated layer, in front of what `rest` fits.
bool fits_number(std::string_view name, std::string_view rest, std::string_view text, Json& values) {
  size_t end = text.empty() || text[0] != '_' ? 0 : 1;
  while (end > 0 && end < text.size() && std::isdigit(static_cast<unsigned char>(text[end]))) ++end;
  for (const size_t length : {end, size_t{0}})
    if (length != 1 && fits(rest, text.substr(length), values)) {
      values[std::string(name)] = length == 0 ? Json(0) : captured(text.substr(1, length - 1));
      return true;
    }
  return false;
}

// Fills `values` with what stands at each {name}; false when the text does not fit.
bool fits(std::string_view pattern, std::string_view text, Json& values) {
  if (pattern.empty()) return text.empty();
  if (pattern[0] != '{')
    return !text.empty() && pattern[0] == text[0] && fits(pattern.substr(1), text.substr(1), values);
  const size_t end = pattern.find('}');
  if (end == std::string_view::npos) return false;
  if (end > 1 && pattern[1] == '_')
    return fits_number(pattern.substr(2, end - 2), pattern.substr(end + 1), text, values);
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
    Line line{from, {}};
    for (const Json& name : to.is_array() ? to : Json::array({to})) {
      if (!name.is_string()) throw UsageError(place_ + from + ": must be a text or a list of texts, not " + to.dump());
      line.to.push_back(name.get<std::string>());
    }
    if (line.to.empty()) throw UsageError(place_ + from + ": must be a text or a list of texts, not " + to.dump());
    lines_.push_back(std::move(line));
  }
}

std::vector<std::string> TensorNames::in_file(const std::string& tensor) const {
  const size_t dot = std::min(tensor.rfind('.'), tensor.size());
  const std::string_view layer = std::string_view(tensor).substr(0, dot);
  for (const Line& line : lines_) {
    Json found = Json::object();
    const bool of_layer = fits(line.from, layer, found);
    if (!of_layer && !fits(line.from, tensor, found)) continue;
    Json values = lists_;
    values.update(found);
    std::vector<std::string> names;
    for (const std::string& to : line.to)
      names.push_back(fill_pattern(to, values, place_) + (of_layer ? tensor.substr(dot) : ""));
    return names;
  }
  throw UsageError(place_ + "no line fits the layer '" + std::string(layer) + "'");
}

}  // namespace cvtool
