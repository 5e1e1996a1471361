#include "base/text.h"
#include "base/output.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/output.h"

namespace cvtool {

std::string join(const std::vector<std::string>& parts, const std::string& separator) {
  std::string out;
  for (size_t i = 0; i < parts.size(); ++i) out += (i ? separator : "") + parts[i];
  return out;
}

std::string named_list(const std::vector<std::string>& names, size_t most) {
  if (names.size() <= most) return join(names, ", ");
  const auto end = names.begin() + static_cast<std::ptrdiff_t>(most);
  return join({names.begin(), end}, ", ") + " and " + with_thousands(static_cast<int64_t>(names.size() - most)) +
         " more";
}

std::string quoted_list(const std::vector<std::string>& names) { return printable("'" + join(names, "', '") + "'"); }

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  size_t begin = 0;
  for (size_t end = text.find(separator); end != std::string::npos; end = text.find(separator, begin)) {
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  parts.push_back(text.substr(begin));
  return parts;
}

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

bool starts_with(const std::string& text, const std::string& prefix) {
  return text.compare(0, prefix.size(), prefix) == 0;
}

bool ends_with(const std::string& text, const std::string& suffix) {
  return text.size() >= suffix.size() && text.compare(text.size() - suffix.size(), suffix.size(), suffix) == 0;
}

namespace {

// Damerau-Levenshtein distance (optimal string alignment).
size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::vector<size_t>> d(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (size_t i = 1; i <= a.size(); ++i)
    for (size_t j = 1; j <= b.size(); ++j) {
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  return d[a.size()][b.size()];
}

// Names are compared without case, and with - and _ alike.
std::string plain(const std::string& word) {
  std::string out = lower(word);
  std::replace(out.begin(), out.end(), '_', '-');
  return out;
}

}  // namespace

std::string nearest_word(const std::string& word, const std::vector<std::string>& words) {
  std::string best;
  size_t best_distance = std::clamp<size_t>(word.size() / 3, 1, 3) + 1;
  for (const auto& candidate : words) {
    const size_t distance = edit_distance(plain(word), plain(candidate));
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  if (!best.empty() || word.size() < 3) return best;
  for (const auto& candidate : words)
    if (starts_with(plain(candidate), plain(word))) return candidate;
  return best;
}

std::vector<std::string> nearest_paths(const std::string& word, const std::vector<std::string>& paths, size_t max) {
  std::vector<std::pair<size_t, size_t>> order;  // distance, index
  for (size_t i = 0; i < paths.size(); ++i) {
    size_t min = edit_distance(plain(word), plain(paths[i]));
    for (const std::string& part : split(paths[i], '/')) min = std::min(min, edit_distance(plain(word), plain(part)));
    order.emplace_back(min, i);
  }
  std::sort(order.begin(), order.end());
  std::vector<std::string> out;
  for (size_t k = 0; k < std::min(max, order.size()); ++k) out.push_back(paths[order[k].second]);
  return out;
}

std::string unknown_word(const std::string& kind, const std::string& word, const std::vector<std::string>& words) {
  const std::string near = nearest_word(word, words);
  std::string out = "unknown " + kind + " '" + word + "'";
  if (!near.empty()) out += "; did you mean '" + near + "'?";
  if (!words.empty())
    out += (near.empty() ? "; it is one of " : " (one of ") + join(words, ", ") + (near.empty() ? "" : ")");
  return printable(out);  // names come from folders and files
}

std::string without_blanks(const std::string& text) {
  const size_t begin = text.find_first_not_of(" \t");
  return begin == std::string::npos ? "" : text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

std::string with_thousands(int64_t number) {
  std::string digits = std::to_string(number < 0 ? -number : number);
  for (int at = static_cast<int>(digits.size()) - 3; at > 0; at -= 3) digits.insert(static_cast<size_t>(at), ",");
  return (number < 0 ? "-" : "") + digits;
}

std::string counted(int64_t number, const std::string& noun) {
  // "class" and "batch", but "epoch", whose ch is a k.
  const bool sibilant = ends_with(noun, "s") || ends_with(noun, "x") || ends_with(noun, "sh") ||
                        (ends_with(noun, "ch") && !ends_with(noun, "poch"));
  return with_thousands(number) + " " + noun + (number == 1 ? "" : sibilant ? "es" : "s");
}

std::string fixed(double value, int decimals) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%.*f", decimals, value);
  return buffer;
}

std::string significant(double value, int digits) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%.*g", digits, value);
  return buffer;
}

std::string number_text(double value) {
  const std::string text = Json(value).dump();
  return ends_with(text, ".0") ? text.substr(0, text.size() - 2) : text;
}

std::string duration_text(double seconds) {
  if (seconds < 59.95) return fixed(seconds, 1) + " s";
  const auto whole = static_cast<int64_t>(std::llround(seconds));
  char buffer[64];
  if (whole < 3600)
    std::snprintf(buffer, sizeof buffer, "%d min %02d s", static_cast<int>(whole / 60), static_cast<int>(whole % 60));
  else
    std::snprintf(buffer, sizeof buffer, "%lld h %02d min", static_cast<long long>(whole / 3600),
                  static_cast<int>(whole % 3600 / 60));
  return buffer;
}

}  // namespace cvtool
