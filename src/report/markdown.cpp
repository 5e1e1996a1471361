#include "report/markdown.h"

#include <algorithm>

#include "base/output.h"

namespace cvtool {
namespace {

std::string table_line(const std::vector<std::string>& cells) {
  std::string line = "|";
  for (const std::string& cell : cells) line += " " + cell + " |";
  return line + "\n";
}

// The longest row of backticks in the text.
size_t longest_ticks(const std::string& text) {
  size_t longest = 0, now = 0;
  for (const char c : text) {
    now = c == '`' ? now + 1 : 0;
    longest = std::max(longest, now);
  }
  return longest;
}

}  // namespace

std::string markdown_text(const std::string& text) {
  // A full stop, a plus or a minus is markup only where a line begins with it, and no text of ours does with one from
  // outside.
  const std::string markup = "\\`*_~[]<>|#&$!";
  std::string out;
  for (const char c : printable(text)) {
    if (markup.find(c) != std::string::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string markdown_block(const std::vector<std::string>& lines) {
  size_t ticks = 3;
  for (const std::string& line : lines) ticks = std::max(ticks, longest_ticks(line) + 1);
  const std::string fence(ticks, '`');
  std::string out = fence + "sh\n";
  for (const std::string& line : lines) out += printable(line) + "\n";
  return out + fence + "\n";
}

std::string markdown_table(const MarkdownTable& table) {
  std::string out = table_line(table.header) + "|";
  for (size_t i = 0; i < table.header.size(); ++i) out += i > 0 && table.numbers ? "---:|" : "---|";
  out += "\n";
  for (const auto& row : table.rows) out += table_line(row);
  return out;
}

}  // namespace cvtool
