#include "report/model_card.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/random.h"
#include "base/text.h"
#include "base/version.h"
#include "report/class_order.h"
#include "report/evaluation_summary.h"
#include "report/markdown.h"
#include "spec/metric_table.h"

namespace cvtool {
namespace {

constexpr size_t kClassesInCard = 20, kConfusions = 5, kClassesNamedInTitle = 5;

std::string section(const std::string& title) { return "\n## " + title + "\n\n"; }
std::string item(const std::string& text) { return "- " + text + "\n"; }
std::string to_fill_in(const std::string& what) { return item("**To fill in:** " + what); }

std::string head_of_card() {
  return "---\n"
         "library_name: cvtool\n"
         "pipeline_tag: image-classification\n"
         "tags:\n- image-classification\n- torchscript\n"
         "metrics:\n- accuracy\n- f1\n"
         "# To fill in: license: ...\n"
         "---\n\n";
}

std::string list_of(const Facts& facts) {
  std::string out;
  for (const auto& [what, value] : facts) out += item(markdown_text(what) + ": " + markdown_text(value));
  return out;
}

std::string model_section(const EvaluationPage& page, const CardFacts& facts) {
  std::string out = section("Model");
  out += item("classes: " + markdown_text(named_list(page.classes, kClassesInCard))) + list_of(facts.model);
  const std::string digest = page.document.value("model_digest", "");
  if (!digest.empty()) out += item("digest of the model file: " + markdown_text(digest));
  out += to_fill_in("the model's own licence" + (facts.base_licence.empty() ? std::string()
                                                                            : "; of its backbone's weights is known: " +
                                                                                  markdown_text(facts.base_licence)));
  return out;
}

std::string use_section() {
  return section("Intended use") + to_fill_in("what the model is for, and who uses it") +
         to_fill_in("what it must not be used for") + to_fill_in("who answers questions about it");
}

std::string data_section(const EvaluationPage& page, const CardFacts& facts) {
  const auto count = page.document.at("metrics").at("count").get<int64_t>();
  return section("Data") + list_of(facts.data) +
         item("evaluated on: " + counted(count, "photo") + " (" +
              markdown_text(page.document.at("split").get<std::string>()) + ") of " +
              markdown_text(page.document.at("data").get<std::string>())) +
         to_fill_in("where the photos come from, and under what licence or consent they are used") +
         to_fill_in("who labelled them, and how");
}

// The figures of the whole set, as the page shows them.
std::string all_figures(const Json& metrics) {
  MarkdownTable table{{"metric", "value", "95 % interval"}, {}, true};
  const auto add = [&](const std::string& path, const std::string& words) {
    const Json* value = metric_value(metrics, path);
    if (value && value->is_number())
      table.rows.push_back({words, metric_text(metric_kind(path), value->get<double>()), interval_text(metrics, path)});
  };
  for (const MetricKind& kind : metric_kinds()) {
    if (std::string(kind.meaning).empty()) continue;
    if (kind.below == MetricKind::Below::kNothing) add(kind.name, kind.words);
    if (kind.below == MetricKind::Below::kAverages)
      for (const std::string& name : averaged_metrics())
        add(kind.name + ("." + name), std::string(kind.words) + " " + metric_kind(name).words);
  }
  return markdown_table(table);
}

std::string evaluation_section(const EvaluationPage& page) {
  const std::string gates = gates_markdown(page.document), baseline = baseline_markdown(page.document);
  std::string out = section("Evaluation") + all_figures(page.document.at("metrics")) + "\n";
  if (!gates.empty()) out += gates + "\n";
  if (!baseline.empty()) out += baseline + "\n";
  return out + classes_markdown(page.document, page.classes, kClassesInCard);
}

std::string calibration_section(const EvaluationPage& page, const CardFacts& facts) {
  const Json& metrics = page.document.at("metrics");
  std::string out = section("Calibration");
  if (const Json* ece = metric_value(metrics, "ece"); ece && ece->is_number()) {
    const std::string interval = interval_text(metrics, "ece");
    out += item("on average, confidence and accuracy are " + fixed(ece->get<double>(), 4) + " apart" +
                (interval.empty() ? "" : " (95 % interval: " + interval + ")"));
  }
  const bool calibrated = facts.temperature != 1;
  return out + item(calibrated ? "a temperature of " + fixed(facts.temperature, 4) +
                                     ", fitted on validation photos, is in the model's probabilities"
                               : "the probabilities are as training left them: no temperature was fitted");
}

std::string limits_section(const EvaluationPage& page, const CardFacts& facts) {
  std::string out = section("Limits");
  out += item("it names one of its classes for every picture, also for one that shows none of them");
  const Json& metrics = page.document.at("metrics");
  if (const std::string interval = interval_text(metrics, "accuracy"); !interval.empty())
    out += item("its figures come from " + counted(metrics.at("count").get<int64_t>(), "photo") +
                ": of more such photos it would recognise from " + interval + " (95 %)");
  for (const std::string& warning : page.warnings) out += item(markdown_text(warning));
  const std::string weakest = weakest_first(metrics, page.classes).front();
  out += item("it knows " + markdown_text(weakest) + " least well: F1 " +
              fixed(metric_value(metrics, "f1." + weakest)->get<double>(), 4));
  for (size_t i = 0; i < std::min(kConfusions, facts.confusions.size()); ++i) {
    const Confusion& one = facts.confusions[i];
    out += item(counted(one.count, "photo") + " of " + markdown_text(one.label) +
                (one.count == 1 ? " was taken for " : " were taken for ") + markdown_text(one.predicted));
  }
  return out + to_fill_in("cameras, places, seasons or people that the photos do not show");
}

std::string training_section(const EvaluationPage& page) {
  return section("Training") + list_of(page.environment) + "\n" + markdown_block(page.commands);
}

std::string title_of_card(const EvaluationPage& page, const CardFacts& facts) {
  return "# " + markdown_text(facts.name + ": " + named_list(page.classes, kClassesNamedInTitle)) + "\n\n" +
         "Written by cvtool " + kVersion + " with the evaluation beside it (report.html, metrics.json). What only a " +
         "person knows is marked **To fill in:**\n";
}

constexpr const char* kMark = "\n<!-- cvtool ";

std::string mark_of(const std::string& text) {
  char digits[17];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(stable_hash(text)));
  return kMark + std::string(digits) + ": while the text above is as it was written, cvtool may replace it -->\n";
}

}  // namespace

std::string model_card(const EvaluationPage& page, const CardFacts& facts) {
  const std::string text = head_of_card() + title_of_card(page, facts) + model_section(page, facts) + use_section() +
                           data_section(page, facts) + evaluation_section(page) + calibration_section(page, facts) +
                           limits_section(page, facts) + training_section(page) + section("Files") +
                           list_of(facts.files);
  return text + mark_of(text);
}

bool is_unchanged_card(const std::string& text) {
  const size_t mark = text.rfind(kMark);
  return mark != std::string::npos && text.substr(mark) == mark_of(text.substr(0, mark));
}

}  // namespace cvtool
