#include "report/html.h"

#include <cctype>

#include "base/base64.h"
#include "base/utf8.h"
#include "report/page_head.h"

namespace cvtool {
namespace {

std::string html_letter(char c) {
  if (c == '&') return "&amp;";
  if (c == '<') return "&lt;";
  if (c == '>') return "&gt;";
  if (c == '"') return "&quot;";
  if (c == '\'') return "&#39;";
  // Control characters have no place in HTML.
  const auto code = static_cast<unsigned char>(c);
  return code < 0x20 && c != '\n' && c != '\t' ? "\xEF\xBF\xBD" : std::string(1, c);
}

std::string page_with_head(const std::string& title, const std::string& head, const std::string& body) {
  return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<title>" + html_text(title) + "</title>\n" + head +
         "</head>\n<body>\n" + body + "</body>\n</html>\n";
}

}  // namespace

std::string html_text(const std::string& text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t length = utf8_length(text, at);
    out += length == 1 ? html_letter(text[at]) : length == 0 ? "\xEF\xBF\xBD" : text.substr(at, length);
    at += length == 0 ? 1 : length;
  }
  return out;
}

std::string data_uri(const std::string& type, const std::string& bytes) {
  return "data:" + type + ";base64," + base64(bytes);
}

std::string file_link(const std::string& path) {
  static const char* const digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : path) {
    const auto code = static_cast<unsigned char>(c);
    if (std::isalnum(code) || std::string("/._-~").find(c) != std::string::npos)
      out += c;
    else
      out += {'%', digits[code >> 4], digits[code & 15]};
  }
  return out;
}

std::string html_table(const HtmlTable& table) {
  std::string out = std::string("<div class=\"scroll\"><table") + (table.numbers ? " class=\"numbers\"" : "") + ">\n";
  if (!table.header.empty()) {
    out += "<thead><tr>";
    for (const std::string& cell : table.header) out += "<th>" + cell + "</th>";
    out += "</tr></thead>\n";
  }
  out += "<tbody>\n";
  for (const auto& row : table.rows) {
    out += "<tr>";
    for (const std::string& cell : row) out += "<td>" + cell + "</td>";
    out += "</tr>\n";
  }
  return out + "</tbody></table></div>\n";
}

std::string html_page(const std::string& title, const std::string& body) {
  return page_with_head(title, kPageHead, body);
}

std::string html_page_with_script(const std::string& title, const std::string& body) {
  std::string head = kPageHead;
  const std::string nothing = "default-src 'none';";
  head.replace(head.find(nothing), nothing.size(), nothing + " script-src 'unsafe-inline';");
  return page_with_head(title, head, body);
}

}  // namespace cvtool
