// Integers out of JSON that came with a weight file. (Parsed as nlohmann::json: the ordered kind takes
// quadratic time on an object with very many keys.)
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

namespace cvtool {

// The list of non-negative integers under `key`; nothing when it is absent or anything else.
inline std::optional<std::vector<int64_t>> whole_numbers(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_array()) return std::nullopt;
  std::vector<int64_t> numbers;
  for (const auto& number : *found) {
    if (!number.is_number_unsigned() || number.get<uint64_t>() > static_cast<uint64_t>(INT64_MAX)) return std::nullopt;
    numbers.push_back(number.get<int64_t>());
  }
  return numbers;
}

}  // namespace cvtool
