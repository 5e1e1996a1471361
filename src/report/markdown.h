// Pieces of Markdown, as GitHub, GitLab and Hugging Face show it. All text that comes from outside goes through
// markdown_text or markdown_block.
#pragma once

#include <string>
#include <vector>

namespace cvtool {

// Text on one line, for paragraphs, items of lists and cells of tables: nothing in it is markup. Control characters
// and bytes that are no UTF-8 are shown as `printable` shows them.
std::string markdown_text(const std::string& text);

// Lines as they are, in a fence that none of them can close. Control characters are shown as `printable` shows them.
std::string markdown_block(const std::vector<std::string>& lines);

// The first column is flush left, the others right where `numbers` is true; the cells are Markdown already.
struct MarkdownTable {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
  bool numbers = true;
};
std::string markdown_table(const MarkdownTable& table);

}  // namespace cvtool
