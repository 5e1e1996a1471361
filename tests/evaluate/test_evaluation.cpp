#include "evaluate/evaluation.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <opencv2/imgcodecs.hpp>

#include "base/csv.h"
#include "base/text.h"
#include "evaluate/baseline.h"
#include "evaluate/calibrate.h"
#include "evaluate/made_up_evaluation.h"
#include "evaluate/mistakes.h"
#include "evaluate/run_facts.h"
#include "report/image_file.h"
#include "scratch.h"
#include "spec/gates.h"

using namespace cvtool;

namespace {

const std::set<std::string> kFiles{
    "MODEL_CARD.md", "calibration.png", "confusion_matrix.csv", "confusion_matrix.png", "metrics.json",
    "mistakes.jpg",  "pr.png",          "predictions.csv",      "report.html",          "roc.png"};

}  // namespace

TEST_CASE("Every file is written, and predictions.csv says what the metrics say") {
  const Scratch scratch;
  const EvaluationSubject subject = made_up_subject(scratch.path(), 3);
  const Evaluation evaluation = evaluate(subject, made_up_outputs(60, 3));
  write_evaluation(scratch / "out", subject, evaluation);
  CHECK(names_in(scratch / "out") == kFiles);
  CHECK(Json::parse(content_of(scratch / "out/metrics.json")) == evaluation.document);
  const auto records = csv_records(content_of(scratch / "out/predictions.csv"), "predictions.csv");
  REQUIRE(records.size() == 61);
  CHECK(records[0].fields == std::vector<std::string>{"path", "label", "predicted", "class 0", "class 1", "class 2"});
  int64_t right = 0;
  for (size_t i = 1; i < records.size(); ++i) {
    right += records[i].fields[1] == records[i].fields[2];
    CHECK(std::stod(records[i].fields[4]) ==
          evaluation.outputs.predictions.probability(static_cast<int64_t>(i) - 1, 1));
  }
  CHECK(evaluation.document["metrics"]["accuracy"].get<double>() == static_cast<double>(right) / 60);
}

TEST_CASE("The model card says what the model file says, and one that was filled in stays") {
  const Scratch scratch;
  EvaluationSubject subject = made_up_subject(scratch.path(), 3);
  subject.info["base"] = {{"name", "mine"}, {"licence", "free for all"}};
  subject.info["calibration"] = {{"temperature", 1.5}};
  subject.info["data"] = {{"layout", "flat"}, {"digest", "0123"}};
  subject.notes = {"a folder was passed over"};
  const Evaluation evaluation = evaluate(subject, made_up_outputs(60, 3));
  write_evaluation(scratch.path(), subject, evaluation);
  const std::string path = scratch / "MODEL_CARD.md", card = content_of(path);
  for (const char* part :
       {"# made up: class 0, class 1, class 2\n", "of its backbone's weights is known: free for all\n",
        "a temperature of 1.5000", "- split: by a hash", "- digest of the training data: 0123\n",
        "- a folder was passed over\n", " were taken for class ", "- LibTorch: ", "cvtool eval --data "}) {
    CAPTURE(part);
    CHECK(contains(card, part));
  }
  CHECK(contains(content_of(scratch / "report.html"), "MODEL_CARD.md"));

  scratch.write("MODEL_CARD.md", "an old one of nobody's");
  write_evaluation(scratch.path(), subject, evaluation);
  CHECK(content_of(path) == "an old one of nobody's");
  scratch.write("MODEL_CARD.md", card);
  subject.info["calibration"]["temperature"] = "no number";
  write_evaluation(scratch.path(), subject, evaluation);
  CHECK(contains(content_of(path), "no temperature was fitted"));
}

TEST_CASE("The report names the base and the licence of its weights") {
  EvaluationSubject subject = made_up_subject("runs/one", 3);
  const auto says = [&](const std::string& name, const std::string& value) {
    const Facts facts = training_facts(subject);
    return std::count(facts.begin(), facts.end(), std::pair<std::string, std::string>(name, value)) == 1;
  };
  CHECK_FALSE(says("licence of its weights", "free for all"));
  subject.info["base"] = {{"name", "mine"}, {"licence", "free for all"}};
  CHECK(says("pretrained backbone", "mine"));
  CHECK(says("licence of its weights", "free for all"));
}

TEST_CASE("A thousand classes are drawn, tabled and written like three") {
  const Scratch scratch;
  const EvaluationSubject subject = made_up_subject(scratch.path(), 1000);
  write_evaluation(scratch.path(), subject, evaluate(subject, made_up_outputs(1500, 1000)));
  CHECK(names_in(scratch.path()) == kFiles);
  for (const std::string& name : kFiles)
    if (contains(name, ".png")) CHECK_FALSE(cv::imread(scratch / name).empty());
  CHECK(contains(content_of(scratch / "report.html"), "the other 960 classes"));
}

TEST_CASE("There is a gate for every metric, and a metric for every gate") {
  for (const int64_t classes : {2, 7}) {
    const Scratch scratch;
    const Json metrics =
        evaluate(made_up_subject(scratch.path(), classes), made_up_outputs(40, classes)).document["metrics"];
    std::set<std::string> gates, found;
    for (const MetricKind& kind : metric_kinds())
      if (kind.needs == MetricKind::Needs::kAny || (classes == 2) == (kind.needs == MetricKind::Needs::kTwoClasses))
        gates.insert(kind.name);
    for (const auto& [name, unused] : metrics.items())
      if (name != "intervals" && name != "thresholds") found.insert(name);
    CHECK(gates == found);
    for (const MetricKind& kind : metric_kinds())
      if (kind.interval && metrics.contains(kind.name)) CHECK(metrics["intervals"].contains(kind.name));
  }
}

TEST_CASE("The document warns of bad files, copies, absent and rare classes") {
  const Scratch scratch;
  EvaluationSubject subject = made_up_subject(scratch.path(), 4);
  subject.skipped = {{"a.jpg", "truncated"}};
  subject.duplicates = {{"test/b.jpg", "train/c.jpg"}};
  Outputs outputs = made_up_outputs(60, 4);
  for (int64_t& label : outputs.predictions.labels) label = label == 3 ? 0 : label;
  outputs.predictions.labels[0] = 1;
  const Json warnings = evaluate(subject, outputs).document["warnings"];
  const std::string all = warnings.dump();
  CHECK(contains(all, "1 bad file skipped, such as a.jpg: truncated"));
  CHECK(contains(all, "1 of the test photos also stand in the training photos, such as test/b.jpg = train/c.jpg"));
  CHECK(contains(all, "no photo of class 3"));
  subject = made_up_subject(scratch.path(), 2);
  CHECK(evaluate(subject, made_up_outputs(60, 2)).document["warnings"].empty());
  subject.split = "train";
  CHECK(evaluate(subject, made_up_outputs(60, 2)).document["warnings"].size() == 1);
}

TEST_CASE("The mistakes that are shown are the most confident ones, in that order") {
  const Outputs outputs = made_up_outputs(200, 5);
  const auto predicted = predicted_classes(outputs.predictions);
  const auto all = confident_mistakes(outputs, predicted, 1000), few = confident_mistakes(outputs, predicted, 3);
  int64_t wrong = 0;
  for (size_t i = 0; i < predicted.size(); ++i) wrong += predicted[i] != outputs.predictions.labels[i];
  CHECK(static_cast<int64_t>(all.size()) == wrong);
  REQUIRE(few.size() == 3);
  for (size_t i = 0; i < all.size(); ++i) {
    CHECK(all[i].label != all[i].predicted);
    if (i > 0) CHECK(all[i].confidence <= all[i - 1].confidence);
    if (i < 3) CHECK(all[i].path == few[i].path);
  }
  CHECK(thumbnail("/nonexistent.jpg", {}, 100).empty());
  const Scratch scratch;
  const std::string photo = scratch / "photo.png";
  cv::imwrite(photo, cv::Mat(20, 30, CV_8UC3, cv::Scalar(1, 2, 3)));
  CHECK(thumbnail(photo, {/*exif=*/true, /*max_pixels=*/600}, 100).rows == 20);
  CHECK(thumbnail(photo, {/*exif=*/true, /*max_pixels=*/599}, 100).empty());
  CHECK(jpeg_bytes({}, 88).empty());
}

// softmax(z / T) of softmax(z) = (0.8, 0.2): 0.8^(1/T) / (0.8^(1/T) + 0.2^(1/T)).
TEST_CASE("Tempered predictions are the softmax of divided logits") {
  Predictions p;
  p.classes = 2;
  p.labels = {0, 1};
  p.probabilities = {0.8, 0.2, 0.5, 0.5};
  const Predictions q = tempered(p, 2);
  CHECK(q.probability(0, 0) == doctest::Approx(2.0 / 3));
  CHECK(q.probability(1, 1) == 0.5);
  const Predictions back = tempered(q, 0.5);
  CHECK(back.probability(0, 0) == doctest::Approx(0.8));
}

TEST_CASE("A word is quoted for the shell where it has to be") {
  CHECK(shell_word("runs/train-2/best.pt") == "runs/train-2/best.pt");
  CHECK(shell_word("my photos") == "'my photos'");
  CHECK(shell_word("it's") == "'it'\\''s'");
  CHECK(shell_word("") == "''");
  CHECK(shell_word("$(rm)") == "'$(rm)'");
}

TEST_CASE("A metrics.json of other types than cvtool writes is refused as a baseline by its key") {
  const Scratch scratch;
  scratch.write("predictions.csv", "path,label,predicted\na.jpg,Car,Car\n");
  EvalRequest request;
  request.baseline = scratch / "metrics.json";
  for (const std::string text : {R"({"model": 5})", R"({"model_digest": []})", R"([1])"}) {
    CAPTURE(text);
    scratch.write("metrics.json", text);
    const std::string message = message_of([&] { open_baseline(request); });
    CHECK(contains(message, "--baseline " + request.baseline));
    CHECK(contains(message, "make it again with cvtool eval"));
  }
  scratch.write("metrics.json", "{}");
  CHECK(open_baseline(request)->right.size() == 1);
}
