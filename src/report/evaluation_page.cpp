#include "report/evaluation_page.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "report/class_order.h"
#include "report/html.h"
#include "spec/metric_table.h"

namespace cvtool {
namespace {

// Of more classes the table shows the worst; the rest is folded away.
constexpr size_t kClassesShown = 40;

std::string heading(const std::string& text) { return "<h2>" + html_text(text) + "</h2>\n"; }
std::string paragraph(const std::string& text) { return "<p class=\"soft\">" + html_text(text) + "</p>\n"; }

std::string tile(const std::string& value, const std::string& below) {
  return "<div><b>" + value + "</b><span>" + below + "</span></div>\n";
}

// "<span data-metric="macro.f1">0.8750</span>"; a dash where the metric is undefined.
std::string metric_span(const Json& metrics, const std::string& path) {
  const Json* value = metric_value(metrics, path);
  const bool known = value && value->is_number();
  return "<span data-metric=\"" + html_text(path) + "\">" +
         (known ? metric_text(metric_kind(path), value->get<double>()) : "\xE2\x80\x93") + "</span>";
}

std::string tiles(const Json& metrics) {
  std::string out = "<div class=\"tiles\">\n";
  const std::string interval = interval_text(metrics, "accuracy");
  out += tile(metric_span(metrics, "accuracy"), "accuracy" + (interval.empty() ? "" : ", 95 % " + interval));
  out += tile(metric_span(metrics, "majority_baseline"), "by always naming the class most frequent in training");
  out += tile(metric_span(metrics, "macro.f1"), "macro F1");
  out += tile(metric_span(metrics, "loss"), "loss");
  out += tile(metric_span(metrics, "ece"), "calibration error");
  return out + "</div>\n";
}

std::string gates(const Json& document) {
  if (!document.contains("gates") && !document.contains("baseline")) return "";
  std::string out = heading("Gates") + "<ul>\n";
  const auto line = [](bool met, const std::string& text) {
    return std::string("<li><span class=\"") + (met ? "good\">met" : "bad\">missed") + "</span>: " + html_text(text) +
           "</li>\n";
  };
  for (const Json& gate : document.value("gates", Json::array())) out += line(gate.at("met"), gate.at("text"));
  if (document.contains("baseline")) out += line(document["baseline"].at("met"), document["baseline"].at("text"));
  return out + "</ul>\n";
}

std::string warnings(const std::vector<std::string>& list) {
  if (list.empty())
    return heading("Data warnings") +
           paragraph("None: no bad files, no copies of training photos, no class out of balance.");
  std::string out = heading("Data warnings") + "<div class=\"warnings\"><ul>\n";
  for (const std::string& text : list) out += "<li>" + html_text(text) + "</li>\n";
  return out + "</ul></div>\n";
}

std::string metric_table(const Json& metrics) {
  HtmlTable table{{"metric", "value", "95 % interval"}, {}, true};
  const auto add = [&](const MetricKind& kind, const std::string& path, const std::string& words) {
    const Json* value = metric_value(metrics, path);
    if (!value || value->is_null()) return;
    const std::string better = kind.better == MetricKind::Better::kLower ? "; lower is better" : "";
    table.rows.push_back({words + " <span class=\"soft\">" + kind.meaning + better + "</span>",
                          metric_span(metrics, path), interval_text(metrics, path)});
  };
  for (const MetricKind& kind : metric_kinds()) {
    if (std::string(kind.meaning).empty()) continue;
    if (kind.below == MetricKind::Below::kNothing) add(kind, kind.name, kind.words);
    if (kind.below == MetricKind::Below::kAverages)
      for (const std::string& name : averaged_metrics())
        add(kind, kind.name + ("." + name), std::string(kind.words) + " " + metric_kind(name).words);
  }
  return heading("Metrics") + html_table(table);
}

std::string figure(const PageFigure& figure, bool wide = false) {
  if (figure.bytes.empty()) return "";
  return std::string("<figure") + (wide ? " class=\"scroll wide\"" : "") + "><a href=\"" + file_link(figure.file) +
         "\"><img class=\"chart\" alt=\"" + html_text(figure.title) + "\" src=\"" +
         data_uri("image/png", figure.bytes) + "\"></a></figure>\n";
}

std::vector<std::string> class_row(const Json& metrics, const std::string& name) {
  std::vector<std::string> cells{html_text(name)};
  for (const MetricKind& kind : metric_kinds()) {
    if (kind.below != MetricKind::Below::kClasses) continue;
    const std::string path = std::string(kind.name) + "." + name, span = metric_span(metrics, path);
    const bool bar = path == "f1." + name;
    cells.push_back(!bar ? span
                         : "<span class=\"bar\" style=\"--share: " +
                               fixed(100 * metric_value(metrics, path)->get<double>(), 1) + "%\">" + span + "</span>");
  }
  return cells;
}

std::string class_table(const Json& metrics, const std::vector<std::string>& all_classes) {
  const std::vector<std::string> classes = weakest_first(metrics, all_classes);
  std::vector<std::string> header{"class"};
  for (const MetricKind& kind : metric_kinds())
    if (kind.below == MetricKind::Below::kClasses) header.emplace_back(kind.words);
  HtmlTable worst{header, {}, true}, rest{header, {}, true};
  for (size_t i = 0; i < classes.size(); ++i)
    (i < kClassesShown ? worst : rest).rows.push_back(class_row(metrics, classes[i]));
  std::string out =
      heading("Classes") + paragraph("Each class against all others, the lowest F1 first.") + html_table(worst);
  if (!rest.rows.empty())
    out += "<details><summary>the other " + counted(static_cast<int64_t>(rest.rows.size()), "class") + "</summary>\n" +
           html_table(rest) + "</details>\n";
  return out;
}

std::string mistakes(const EvaluationPage& page) {
  std::string out = heading("Most confident mistakes");
  if (page.mistakes.empty()) return out + paragraph("None: every photo was recognised.");
  const auto count = static_cast<int64_t>(page.mistakes.size());
  out += paragraph(count < page.mistake_count ? with_thousands(count) + " of " + counted(page.mistake_count, "mistake")
                                              : counted(count, "mistake") + ", all there are");
  const bool any_heat = std::any_of(page.mistakes.begin(), page.mistakes.end(),
                                    [](const PageMistake& m) { return !m.heat_jpeg.empty(); });
  if (any_heat)
    out +=
        paragraph("In colours: what spoke for the class that was named (Grad-CAM of layer " + page.heat_layer + ").");
  out += "<div class=\"mistakes\">\n";
  for (const PageMistake& mistake : page.mistakes) {
    out += std::string("<figure") + (mistake.heat_jpeg.empty() ? "" : " class=\"pair\"") + "><a href=\"" +
           file_link(mistake.link) + "\">";
    if (!mistake.jpeg.empty())
      out += "<img alt=\"" + html_text(mistake.path) + "\" src=\"" + data_uri("image/jpeg", mistake.jpeg) + "\">";
    if (!mistake.heat_jpeg.empty())
      out += "<img alt=\"heat map\" src=\"" + data_uri("image/jpeg", mistake.heat_jpeg) + "\">";
    out += "</a><figcaption><b>" + html_text(mistake.predicted) + "</b> " + fixed(mistake.confidence, 3) +
           ", but it is <b>" + html_text(mistake.label) + "</b><br><a href=\"" + file_link(mistake.link) + "\">" +
           html_text(mistake.path) + "</a></figcaption></figure>\n";
  }
  return out + "</div>\n";
}

std::string threshold_table(const Json& metrics, const std::vector<std::string>& classes) {
  if (!metrics.contains("thresholds")) return "";
  HtmlTable table{{"threshold", "precision", "recall", "F1", "accuracy"}, {}, true};
  for (const Json& row : metrics["thresholds"]) {
    std::vector<std::string> cells{fixed(row.at("threshold").get<double>(), 2)};
    for (const char* key : {"precision", "recall", "f1", "accuracy"})
      cells.push_back(fixed(row.at(key).get<double>(), 4));
    table.rows.push_back(cells);
  }
  const std::string best = metric_span(metrics, "best_f1_threshold.threshold");
  return "<h3>Thresholds</h3>\n<p class=\"soft\">How " + html_text(classes[1]) +
         " fares when it is named from this probability on. F1 is largest, " +
         metric_span(metrics, "best_f1_threshold.f1") + ", at " + best + " (<code>--threshold</code>).</p>\n" +
         html_table(table);
}

std::string calibration_text(const Json& document) {
  std::string out = paragraph(
      "Of the photos about which the model is p sure, a fraction p should be right. The calibration error is the mean "
      "distance from that.");
  if (!document.contains("calibration")) return out;
  const Json& calibration = document["calibration"];
  out += "<p>The temperature is " + fixed(calibration.at("temperature").get<double>(), 4) + ", fitted on " +
         counted(calibration.at("photos").get<int64_t>(), "validation photo") + ".</p>\n";
  HtmlTable table{{"photos", "calibration error before", "after", "log loss before", "after"}, {}, true};
  for (const auto& [split, change] : calibration.items()) {
    if (!change.is_object()) continue;
    std::vector<std::string> row{html_text(split)};
    for (const char* key : {"ece_before", "ece_after", "log_loss_before", "log_loss_after"})
      row.push_back(fixed(change.at(key).get<double>(), 4));
    table.rows.push_back(row);
  }
  return out + html_table(table);
}

std::string coverage_text(const Json& document) {
  if (!document.contains("coverage")) return "";
  const Json& coverage = document["coverage"];
  const auto number = [&](const char* key, int digits) { return fixed(coverage.at(key).get<double>(), digits); };
  return "<p>Sets of classes that are to hold the right one in " + number("asked", 2) + " of the photos hold it in " +
         number("reached", 4) + " (95 % " + fixed(coverage.at("interval").at(0).get<double>(), 4) + " to " +
         fixed(coverage.at("interval").at(1).get<double>(), 4) + "), with " + number("mean_size", 2) +
         " classes each; calibrated with " + counted(coverage.at("calibrated").get<int64_t>(), "photo") +
         " (<code>predict --coverage</code>).</p>\n";
}

std::string unlike_text(const Json& document) {
  if (!document.contains("ood")) return "";
  const Json& ood = document["ood"];
  HtmlTable table{{"told by", "AUROC", "taken for known where 95 % of the known are"}, {}, true};
  for (const auto& [name, method] : ood.at("methods").items())
    table.rows.push_back(
        {html_text(name), fixed(method.at("auroc").get<double>(), 4), fixed(method.at("fpr95").get<double>(), 4)});
  return paragraph(counted(ood.at("photos").get<int64_t>(), "photo") + " of something else, " +
                   ood.at("data").get<std::string>() + ", told from these:") +
         html_table(table);
}

std::string limits(const Json& document) {
  const std::string text = coverage_text(document) + unlike_text(document);
  return text.empty() ? "" : heading("What it does not know") + text;
}

std::string facts(const std::string& title, const Facts& list) {
  if (list.empty()) return "";
  HtmlTable table{{}, {}, false};
  for (const auto& [what, value] : list)
    table.rows.push_back({"<span class=\"soft\">" + html_text(what) + "</span>", html_text(value)});
  return heading(title) + html_table(table);
}

std::string repeat(const EvaluationPage& page) {
  std::string out = heading("To repeat it") + "<pre>";
  for (const std::string& command : page.commands) out += html_text(command) + "\n";
  out += "</pre>\n";
  if (!page.recipe.is_null())
    out += "<details><summary>The recipe, with every default filled in</summary>\n<pre>" +
           html_text(page.recipe.dump(2, ' ', false, Json::error_handler_t::replace)) + "</pre></details>\n";
  return out;
}

std::string files(const Facts& list) {
  std::string out = heading("Files") + "<ul>\n";
  for (const auto& [name, what] : list)
    out += "<li><a href=\"" + file_link(name) + "\">" + html_text(name) + "</a>: " + html_text(what) + "</li>\n";
  return out + "</ul>\n";
}

}  // namespace

std::string evaluation_page(const EvaluationPage& page) {
  const Json& metrics = page.document.at("metrics");
  const std::string photos = counted(metrics.at("count").get<int64_t>(), "photo");
  std::string body = "<h1>" + html_text(page.title) + "</h1>\n";
  body += paragraph("Split " + page.document.at("split").get<std::string>() + " of " +
                    page.document.at("data").get<std::string>() + ": " + photos + " of " +
                    counted(static_cast<int64_t>(page.classes.size()), "class") + ". Model " +
                    page.document.at("model").get<std::string>() + ".");
  body += tiles(metrics) + gates(page.document) + warnings(page.warnings) + metric_table(metrics);
  body +=
      heading("Confusion matrix") + figure(page.confusion, true) + class_table(metrics, page.classes) + mistakes(page);
  body +=
      heading("Ranking") + "<div class=\"charts\">\n" + figure(page.roc) + figure(page.precision_recall) + "</div>\n";
  body += threshold_table(metrics, page.classes);
  body += heading("Calibration") + calibration_text(page.document) + "<div class=\"charts\">\n" +
          figure(page.calibration) + "</div>\n" + limits(page.document);
  body += facts("Training", page.training) + figure(page.curves, true) + facts("Environment", page.environment) +
          repeat(page) + files(page.files);
  return html_page(page.title, body);
}

}  // namespace cvtool
