// Small text helpers: lists, near misses, numbers for people.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cvtool {

std::string join(const std::vector<std::string>& parts, const std::string& separator);
// "a, b, c"; of more than `most` the first ones, "and 12 more".
std::string named_list(const std::vector<std::string>& names, size_t most);
std::string quoted_list(const std::vector<std::string>& names);  // 'a', 'b'
std::vector<std::string> split(const std::string& text, char separator);
std::string lower(std::string text);
bool starts_with(const std::string& text, const std::string& prefix);
bool ends_with(const std::string& text, const std::string& suffix);

// The `most` of `paths` ("base/block_3/add") of which one part comes nearest to `word`, the nearest first.
std::vector<std::string> nearest_paths(const std::string& word, const std::vector<std::string>& paths, size_t max);

// The word of `words` nearest to `word` by edit distance (insert, delete, replace, swap of neighbours), or ""
// when none is within a third of its length (at least 1, at most 3 edits).
std::string nearest_word(const std::string& word, const std::vector<std::string>& words);

// "unknown KIND 'WORD'; did you mean 'X'? (one of a, b, c)": the message of every mistyped name.
std::string unknown_word(const std::string& kind, const std::string& word, const std::vector<std::string>& words);

// Without the blanks and tabs around it.
std::string without_blanks(const std::string& text);

// 14714688 -> "14,714,688".
std::string with_thousands(int64_t number);

// "1 photo", "3 photos", "2 classes".
std::string counted(int64_t number, const std::string& noun);

// Fixed number of decimals, independent of the locale.
std::string fixed(double value, int decimals);

// So many digits that count: significant(0.00012345, 3) is "0.000123", significant(1e9, 3) "1e+09".
std::string significant(double value, int digits);

// The shortest text that reads back as the same number; whole ones without ".0".
std::string number_text(double value);

// Seconds as "4.2 s", "3 min 05 s", "2 h 07 min".
std::string duration_text(double seconds);

// Words of commands that people may copy.

// The word as a shell takes it, in quotes where it needs them.
inline std::string shell_word(const std::string& word) {
  const char* plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=:,+@%";
  if (!word.empty() && word.find_first_not_of(plain) == std::string::npos) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace cvtool
