#include "report/html.h"

#include <cctype>

#include "base/base64.h"
#include "base/utf8.h"

namespace cvtool {
namespace {

// The policy makes the browser itself refuse whatever would leave the page.
constexpr const char* kHead =
    R"(<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark">
<style>
:root { --ink: #26292f; --soft: #5b6370; --line: #d9dde3; --card: #f5f6f8; --page: #fff; --link: #0058a0;
  --good: #0a6b3d; --bad: #b3261e; --bar: #cfe3f3; }
@media screen and (prefers-color-scheme: dark) {
  :root { --ink: #e6e8eb; --soft: #a3abb7; --line: #3a4049; --card: #1f242b; --page: #14171b; --link: #7cc0ff;
    --good: #6fd39b; --bad: #ff8d84; --bar: #1d4460; }
  img.chart { filter: invert(0.92) hue-rotate(180deg); }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 70rem; color: var(--ink); background: var(--page);
  font: 1rem/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 0.25rem; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 0.5rem; padding-bottom: 0.25rem; border-bottom: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.25rem 0 0.5rem; }
p { margin: 0.5rem 0; max-width: 46rem; }
.soft, figcaption, th { color: var(--soft); }
a { color: var(--link); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(10.5rem, 1fr)); gap: 0.75rem; margin: 1.25rem 0; padding: 0; }
.tiles > div { background: var(--card); border: 1px solid var(--line); border-radius: 0.5rem; padding: 0.75rem 1rem; }
.tiles b { display: block; font-size: 1.5rem; line-height: 1.3; font-variant-numeric: tabular-nums; }
.tiles > div > span { display: block; font-size: 0.875rem; color: var(--soft); }
.scroll { overflow-x: auto; margin: 0.75rem 0; }
table { border-collapse: collapse; font-size: 0.9375rem; font-variant-numeric: tabular-nums; }
th { font-weight: 600; text-align: left; vertical-align: bottom; }
th, td { padding: 0.3rem 1rem 0.3rem 0; border-bottom: 1px solid var(--line); overflow-wrap: normal; }
td { vertical-align: top; }
td:first-child { overflow-wrap: anywhere; min-width: 8rem; }
.numbers td:not(:first-child), .numbers th:not(:first-child) { text-align: right; padding: 0.3rem 0 0.3rem 1.25rem; white-space: nowrap; }
.numbers td.text { text-align: left; white-space: normal; min-width: 14rem; }
.numbers th.text { text-align: left; }
.bar { display: inline-block; min-width: 5rem; padding: 0 0.25rem;
  background: linear-gradient(to right, var(--bar) var(--share), transparent var(--share)); }
.good { color: var(--good); font-weight: 600; }
.bad { color: var(--bad); font-weight: 600; }
.warnings { border: 1px solid var(--line); border-left: 0.3rem solid var(--bad); background: var(--card);
  border-radius: 0.25rem; padding: 0.25rem 1rem; margin: 1rem 0; }
ul { padding-left: 1.25rem; margin: 0.5rem 0; }
figure { margin: 1rem 0; }
img { max-width: 100%; height: auto; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); gap: 1rem; align-items: start; }
.charts figure { margin: 0; min-width: 0; }
.mistakes { display: grid; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); gap: 1rem; }
.mistakes figure { margin: 0; min-width: 0; break-inside: avoid; }
.mistakes .pair { grid-column: span 2; }
.pair a { display: grid; grid-template-columns: 1fr 1fr; gap: 0.25rem; }
.mistakes img { display: block; width: 100%; height: 10rem; object-fit: contain; background: var(--card); image-rendering: auto; }
figcaption { font-size: 0.875rem; line-height: 1.4; margin-top: 0.35rem; }
figcaption b { color: var(--ink); }
pre { background: var(--card); border: 1px solid var(--line); border-radius: 0.25rem; padding: 0.75rem; overflow-x: auto;
  font: 0.875rem/1.45 ui-monospace, "DejaVu Sans Mono", monospace; white-space: pre-wrap; }
summary { cursor: pointer; color: var(--link); }
@media screen and (max-width: 40rem) { .wide img { max-width: none; min-width: 36rem; } }
@media print {
  body { max-width: none; padding: 0; font-size: 10pt; }
  h2, h3 { break-after: avoid; }
  figure, tr, .tiles > div { break-inside: avoid; }
  .scroll { overflow: visible; }
  a { color: inherit; text-decoration: none; }
}
</style>
)";

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
  return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<title>" + html_text(title) + "</title>\n" + kHead +
         "</head>\n<body>\n" + body + "</body>\n</html>\n";
}

}  // namespace cvtool
