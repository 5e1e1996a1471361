#include "report/evaluation_summary.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "report/class_order.h"
#include "report/markdown.h"
#include "spec/metric_table.h"

namespace cvtool {
namespace {

constexpr size_t kWeakestShown = 5;

std::string words_of(const std::string& path) {
  const size_t dot = path.find('.');
  const std::string head = metric_kind(path).words;
  return dot == std::string::npos ? head : head + " " + metric_kind(path.substr(dot + 1)).words;
}

std::string figures(const Json& metrics) {
  MarkdownTable table{{"metric", "value", "95 % interval"}, {}, true};
  for (const char* path :
       {"accuracy", "majority_baseline", "balanced_accuracy", "top_5_accuracy", "macro.f1", "roc_auc", "loss", "ece"}) {
    const Json* value = metric_value(metrics, path);
    if (value && value->is_number())
      table.rows.push_back(
          {words_of(path), metric_text(metric_kind(path), value->get<double>()), interval_text(metrics, path)});
  }
  return markdown_table(table);
}

// "2 of 3 gates missed"; "" where none was asked for.
std::string verdict(const Json& document) {
  int64_t asked = 0, missed = 0;
  const auto count = [&](const Json& one) { ++asked, missed += !one.at("met").get<bool>(); };
  for (const Json& gate : document.value("gates", Json::array())) count(gate);
  if (document.contains("baseline")) count(document["baseline"]);
  if (asked == 0) return "";
  return missed == 0 ? counted(asked, "gate") + " met"
                     : std::to_string(missed) + " of " + counted(asked, "gate") + " missed";
}

std::string signed_text(double value) { return (value < 0 ? "" : "+") + fixed(value, 4); }

}  // namespace

std::string gates_markdown(const Json& document) {
  std::string out;
  for (const Json& gate : document.value("gates", Json::array()))
    out += std::string(gate.at("met").get<bool>() ? "- met: " : "- **missed**: ") +
           markdown_text(gate.at("text").get<std::string>()) + "\n";
  return out;
}

std::string baseline_markdown(const Json& document) {
  if (!document.contains("baseline")) return "";
  const Json& baseline = document["baseline"];
  const double now = document.at("metrics").at("accuracy").get<double>(),
               before = baseline.at("accuracy").get<double>();
  const MarkdownTable table{
      {"against " + markdown_text(baseline.at("name").get<std::string>()), "before", "now", "change"},
      {{"accuracy", fixed(before, 4), fixed(now, 4), signed_text(now - before)}},
      true};
  return markdown_table(table) + "\n" + (baseline.at("met").get<bool>() ? "" : "**missed**: ") +
         markdown_text(baseline.at("text").get<std::string>()) + "\n";
}

std::string classes_markdown(const Json& document, const std::vector<std::string>& classes, size_t most) {
  const Json& metrics = document.at("metrics");
  MarkdownTable table{{classes.size() > most ? "weakest classes" : "class"}, {}, true};
  const std::vector<std::string> columns{"support", "precision", "recall", "f1"};
  for (const std::string& column : columns) table.header.emplace_back(metric_kind(column).words);
  const auto order = weakest_first(metrics, classes);
  for (size_t i = 0; i < std::min(most, order.size()); ++i) {
    std::vector<std::string> row{markdown_text(order[i])};
    for (const std::string& column : columns) {
      const Json* value = metric_value(metrics, column + "." + order[i]);
      row.push_back(value && value->is_number() ? metric_text(metric_kind(column), value->get<double>()) : "");
    }
    table.rows.push_back(row);
  }
  return markdown_table(table);
}

std::string evaluation_summary(const Json& document, const std::vector<std::string>& classes) {
  const Json& metrics = document.at("metrics");
  const std::string gates = gates_markdown(document), baseline = baseline_markdown(document), end = verdict(document);
  const auto text = [&](const char* key) { return markdown_text(document.at(key).get<std::string>()); };
  std::string out = "### cvtool eval: accuracy " + fixed(metrics.at("accuracy").get<double>(), 4) + " of " +
                    counted(metrics.at("count").get<int64_t>(), "photo") + (end.empty() ? "" : ", " + end) + "\n\n";
  out += "Model " + text("model") + " on " + text("data") + " (" + text("split") + ")\n\n";
  out += figures(metrics) + "\n";
  if (!gates.empty()) out += gates + "\n";
  if (!baseline.empty()) out += baseline + "\n";
  out += classes_markdown(document, classes, kWeakestShown) + "\n";
  const auto warnings = document.value("warnings", std::vector<std::string>());
  for (const std::string& warning : warnings) out += "- " + markdown_text(warning) + "\n";
  return out + (warnings.empty() ? "" : "\n");
}

std::string failure_summary(const Json& document, const std::string& error) {
  const auto text = [&](const char* key) { return markdown_text(document.at(key).get<std::string>()); };
  return "### cvtool eval: failed\n\nModel " + text("model") + " on " + text("data") + ": " + markdown_text(error) +
         "\n\n";
}

}  // namespace cvtool
