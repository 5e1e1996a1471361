// Pieces of an HTML page. All text that comes from outside goes through html_text.
#pragma once

#include <string>
#include <vector>

namespace cvtool {

// Text for element content and for attributes in double quotes. Bytes that are not UTF-8 become U+FFFD.
std::string html_text(const std::string& text);

// "data:TYPE;base64,...".
std::string data_uri(const std::string& type, const std::string& bytes);

// A relative or absolute file path as a link: percent-encoded, with '/' kept.
std::string file_link(const std::string& path);

// <table> with a header row; the cells are HTML already. Where `numbers` is true all columns but the first are
// aligned right.
struct HtmlTable {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
  bool numbers = true;
};
std::string html_table(const HtmlTable& table);

// A page of its own: no script, nothing loaded from elsewhere; light or dark as the reader's system is, light on
// paper. `title` is plain text, `body` HTML.
std::string html_page(const std::string& title, const std::string& body);
// The same with scripts of the page's own, which may load nothing either.
std::string html_page_with_script(const std::string& title, const std::string& body);

}  // namespace cvtool
