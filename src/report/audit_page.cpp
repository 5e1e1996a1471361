#include "report/audit_page.h"

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/output.h"
#include "base/random.h"
#include "base/text.h"
#include "base/utf8.h"
#include "report/audit_body.h"
#include "report/html.h"

namespace cvtool {
namespace {

// JSON that can stand in a script element.
std::string script_json(const Json& json) {
  const std::string text = json.dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace);
  std::string out;
  for (const char c : text) out += c == '<' ? std::string("\\u003c") : std::string(1, c);
  return out;
}

Json item_json(const AuditItem& item) {
  Json neighbours = Json::array();
  for (const AuditNeighbour& other : item.neighbours)
    neighbours.push_back({{"path", other.path}, {"given", other.given}});
  return {{"kind", item.kind},           {"path", item.path}, {"given", item.given},
          {"suggested", item.suggested}, {"why", item.why},   {"neighbours", neighbours}};
}

Json page_json(const AuditPage& page) {
  Json items = Json::array(), pictures = Json::object();
  for (const AuditItem& item : page.items) items.push_back(item_json(item));
  for (const auto& [path, bytes] : page.pictures)
    pictures[path] = bytes.empty() ? std::string() : data_uri("image/jpeg", bytes);
  // What was decided on another page of the same data is not for this one.
  const std::string mark = std::to_string(stable_hash(items.dump(-1, ' ', true, Json::error_handler_t::replace)));
  return {{"data", page.data}, {"mark", mark}, {"classes", page.classes}, {"items", items}, {"pictures", pictures}};
}

std::string audit_tile(const std::string& value, const std::string& what) {
  return "<div><b>" + html_text(value) + "</b><span>" + html_text(what) + "</span></div>\n";
}

std::string overlaps_html(const std::vector<ClassPair>& overlaps) {
  if (overlaps.empty()) return "";
  HtmlTable table{{"Class", "and class", "Share of their photos"}, {}, true};
  for (const ClassPair& pair : overlaps)
    table.rows.push_back({html_text(pair.first), html_text(pair.second), fixed(100 * pair.share, 1) + " %"});
  return "<h2>Classes that are taken for each other</h2>\n<p>Where this share is large, the two may be one class, or "
         "need "
         "a clearer rule.</p>\n" +
         html_table(table);
}

}  // namespace

std::string audit_page(const AuditPage& page) {
  const std::string body =
      "<h1>" + html_text(page.title) + "</h1>\n<div class=\"tiles\">\n" +
      audit_tile(with_thousands(page.found), "labels look wrong, of " + counted(page.photos, "photo")) +
      audit_tile(fixed(100 * page.noise, 1) + " %", "of the labels are wrong, as estimated") +
      audit_tile(fixed(100 * page.accuracy, 1) + " %", "right on photos that the models had not seen") + "</div>\n" +
      "<script type=\"application/json\" id=\"data\">" + script_json(page_json(page)) + "</script>\n" + kAuditBody +
      overlaps_html(page.overlaps);
  return html_page_with_script(page.title, body);
}

}  // namespace cvtool
