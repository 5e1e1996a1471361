#include <charconv>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/csv.h"
#include "base/error.h"
#include "base/files.h"
#include "base/output.h"
#include "base/text.h"
#include "data/archive/photo_place.h"
#include "evaluate/evaluation.h"
#include "evaluate/mistakes.h"
#include "evaluate/model_card_file.h"
#include "evaluate/run_facts.h"
#include "report/evaluation_page.h"
#include "report/evaluation_plots.h"
#include "report/image_file.h"
#include "report/sheet.h"

namespace fs = std::filesystem;

namespace cvtool {
namespace {

// Points nearer than this to the one before would fall on the same pixel.
constexpr double kNearest = 1.0 / 1000;

RankingCurve thinned(const RankingCurve& curve) {
  RankingCurve out;
  for (size_t i = 0; i < curve.x.size(); ++i) {
    const bool last = i + 1 == curve.x.size();
    if (!last && !out.x.empty() && std::abs(curve.x[i] - out.x.back()) < kNearest &&
        std::abs(curve.y[i] - out.y.back()) < kNearest)
      continue;
    out.x.push_back(curve.x[i]);
    out.y.push_back(curve.y[i]);
  }
  return out;
}

ClassCurve class_curve(const std::string& name, const RankingCurve& curve, double area) {
  RankingCurve few = thinned(curve);
  return {name, std::move(few.x), std::move(few.y), area};
}

constexpr size_t kSheetMistakes = 48, kPageMistakes = 24, kHeatMaps = 12;
constexpr int kThumbnailPx = 240;
constexpr int kThumbnailQuality = 88;  // of a JPEG
constexpr size_t kPiece = 1 << 20;

// The shortest text that reads back as the same number.
void append_number(std::string& line, double value) {
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  line.append(buffer, end);
}

void write_predictions(const std::string& path, const Evaluation& evaluation, const std::vector<std::string>& classes) {
  const Predictions& p = evaluation.outputs.predictions;
  const auto predicted = predicted_classes(p, evaluation.threshold);
  AtomicFile file(path);
  std::string piece = "path,label,predicted";
  for (const std::string& name : classes) piece += "," + csv_cell(name);
  piece += "\n";
  for (int64_t row = 0; row < p.count(); ++row) {
    const auto at = static_cast<size_t>(row);
    piece += csv_cell(evaluation.outputs.paths[at]) + "," + csv_cell(classes[static_cast<size_t>(p.labels[at])]) + "," +
             csv_cell(classes[static_cast<size_t>(predicted[at])]);
    for (int64_t k = 0; k < p.classes; ++k) {
      piece += ",";
      append_number(piece, p.probability(row, k));
    }
    piece += "\n";
    if (piece.size() < kPiece) continue;
    file.write(piece);
    piece.clear();
  }
  file.write(piece);
  file.keep();
}

void write_confusion_csv(const std::string& path, const ConfusionMatrix& matrix,
                         const std::vector<std::string>& classes) {
  std::string text = "true\\predicted";
  for (const std::string& name : classes) text += "," + csv_cell(name);
  for (size_t row = 0; row < matrix.size(); ++row) {
    text += "\n" + csv_cell(classes[row]);
    for (const int64_t count : matrix[row]) text += "," + std::to_string(count);
  }
  write_file_atomically(path, text + "\n");
}

// A file's place as a link from a page in `folder`.
std::string link_from(const std::string& folder, const std::string& path) {
  std::error_code error;
  const fs::path relative = fs::relative(path, folder, error);
  return error || relative.empty() ? fs::absolute(path).string() : relative.string();
}

// What speaks for the class that was said; "" where that is not known.
std::string heat_jpeg(const HeatView& view, const std::string& file, const DecodeOptions& decode, int64_t said) {
  if (!view.picture) return "";
  try {
    return jpeg_bytes(view.picture(file, decode, said, kThumbnailPx), kThumbnailQuality);
  } catch (const DataError&) {
    return "";
  }
}

// The sheet mistakes.jpg, and what the page shows of the mistakes.
std::vector<PageMistake> write_mistakes(const std::string& folder, const EvaluationSubject& subject,
                                        const Evaluation& evaluation) {
  const auto classes = subject.classes();
  const DecodeOptions& decode = evaluation.outputs.decode;
  const auto predicted = predicted_classes(evaluation.outputs.predictions, evaluation.threshold);
  std::vector<SheetPicture> sheet;
  std::vector<PageMistake> page;
  for (const Mistake& mistake : confident_mistakes(evaluation.outputs, predicted, kSheetMistakes)) {
    const std::string file = sample_path(subject.root, mistake.path),
                      &label = classes[static_cast<size_t>(mistake.label)],
                      &said = classes[static_cast<size_t>(mistake.predicted)];
    const cv::Mat rgb = thumbnail(file, decode, kThumbnailPx);
    sheet.push_back({rgb, {said + " " + fixed(mistake.confidence, 3), "is " + label, mistake.path}, true});
    if (page.size() >= kPageMistakes) continue;
    const auto archived = archive_path(file);
    const std::string heat = page.size() < kHeatMaps ? heat_jpeg(subject.heat, file, decode, mistake.predicted) : "";
    page.push_back({mistake.path, link_from(folder, archived ? archived->archive : file), label, said,
                    mistake.confidence, jpeg_bytes(rgb, kThumbnailQuality), heat});
  }
  write_sheet(own_file(folder, "mistakes.jpg"), sheet,
              {"The most confident mistakes: what was said, and what it is", 0, 180});
  return page;
}

PageFigure figure_of(const std::string& folder, const std::string& title, const std::string& file) {
  const std::string path = folder + "/" + file;
  std::error_code error;
  return {title, file, fs::is_regular_file(path, error) ? read_file(path) : ""};
}

std::string title_of(const EvaluationSubject& subject, const Json& metrics) {
  const std::string name = subject.info.at("recipe").value("name", "model");
  return name + ": " + fixed(100 * metrics.at("accuracy").get<double>(), 1) + " % of " +
         counted(metrics.at("count").get<int64_t>(), "photo") + " recognised";
}

EvaluationPage page_of(const std::string& folder, const EvaluationSubject& subject, const Evaluation& evaluation) {
  EvaluationPage page;
  page.document = evaluation.document;
  page.title = title_of(subject, page.document.at("metrics"));
  page.classes = subject.classes();
  page.warnings = page.document.at("warnings").get<std::vector<std::string>>();
  page.confusion = figure_of(folder, "Confusion matrix", "confusion_matrix.png");
  page.roc = figure_of(folder, "Receiver operating characteristic", "roc.png");
  page.precision_recall = figure_of(folder, "Precision and recall", "pr.png");
  page.calibration = figure_of(folder, "Calibration", "calibration.png");
  const std::string run = fs::path(subject.model).parent_path().string();
  page.curves = figure_of(run.empty() ? "." : run, "Loss and accuracy by epoch", "curves.png");
  page.curves.file = link_from(folder, (fs::path(run) / "curves.png").string());
  for (const uint8_t right : evaluation.metrics.right) page.mistake_count += !right;
  page.training = training_facts(subject);
  page.environment = environment_facts(subject);
  page.recipe = subject.info.at("recipe");
  page.heat_layer = subject.heat.layer;
  page.commands = repeating_commands(subject, evaluation.threshold);
  page.files = {{"metrics.json", "every number of the evaluation"},
                {"predictions.csv", "path, label, predicted class and the probability of each class"},
                {"confusion_matrix.csv", "the confusion matrix"},
                {"mistakes.jpg", "the most confident mistakes on one sheet"},
                {kModelCard, "what others should know of the model, partly to be filled in"},
                {link_from(folder, subject.model), "the model"}};
  return page;
}

// confusion_matrix.png, roc.png, pr.png and calibration.png. Holds the curve of one class at a time in full; what is
// drawn keeps no more points than the picture can show.
void write_evaluation_pictures(const std::string& folder, const Predictions& predictions,
                               const EvaluationMetrics& metrics, const std::vector<std::string>& classes) {
  std::vector<ClassCurve> roc, precision_recall;
  for (size_t k = 0; k < classes.size(); ++k) {
    const RankingAreas& areas = metrics.classes[k].areas;
    const Ranking ranking = ranking_of(predictions, static_cast<int64_t>(k));
    // Of two classes one ROC curve is the other one's mirror image.
    if (k > 0 || classes.size() > 2) roc.push_back(class_curve(classes[k], roc_curve(ranking), areas.roc_auc));
    precision_recall.push_back(class_curve(classes[k], precision_recall_curve(ranking), areas.average_precision));
  }
  write_roc_png(own_file(folder, "roc.png"), roc);
  write_precision_recall_png(own_file(folder, "pr.png"), precision_recall);
  std::vector<ReliabilityBin> bins;
  for (const CalibrationBin& bin : metrics.calibration)
    bins.push_back({bin.low, bin.high, bin.count, bin.mean_confidence, bin.accuracy});
  write_calibration_png(own_file(folder, "calibration.png"), bins, metrics.metric("ece").value);
  write_confusion_matrix_png(own_file(folder, "confusion_matrix.png"), metrics.confusion, classes);
}

}  // namespace

std::vector<std::string> evaluation_file_names() {
  return {"predictions.csv", "confusion_matrix.csv", "roc.png",     "pr.png",   "calibration.png",
          "mistakes.jpg",    "confusion_matrix.png", "report.html", kModelCard, "metrics.json"};
}

namespace {

// All but the model card; returns what the page says.
EvaluationPage write_report(const std::string& folder, const EvaluationSubject& subject, const Evaluation& evaluation,
                            bool of_one_model) {
  make_folders(folder);
  const auto classes = subject.classes();
  write_predictions(own_file(folder, "predictions.csv"), evaluation, classes);
  write_confusion_csv(own_file(folder, "confusion_matrix.csv"), evaluation.metrics.confusion, classes);
  write_evaluation_pictures(folder, evaluation.outputs.predictions, evaluation.metrics, classes);
  EvaluationPage page = page_of(folder, subject, evaluation);
  if (!of_one_model) {
    page.files.resize(page.files.size() - 2);  // the card and the model
    page.commands.clear();
    page.curves = {};
  }
  page.mistakes = write_mistakes(folder, subject, evaluation);
  write_file_atomically(own_file(folder, "report.html"), evaluation_page(page));
  return page;
}

}  // namespace

void write_out_of_fold(const std::string& folder, const EvaluationSubject& subject, const Evaluation& evaluation) {
  write_report(folder, subject, evaluation, false);
  write_file_atomically(own_file(folder, "metrics.json"), text_from_json(evaluation.document));
}

void write_evaluation(const std::string& folder, const EvaluationSubject& subject, const Evaluation& evaluation) {
  const EvaluationPage page = write_report(folder, subject, evaluation, true);
  write_model_card(folder, subject, evaluation, page);
  write_file_atomically(own_file(folder, "metrics.json"), text_from_json(evaluation.document));
}

}  // namespace cvtool
