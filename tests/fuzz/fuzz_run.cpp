#include <spdlog/spdlog.h>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "evaluate/baseline.h"
#include "evaluate/run_facts.h"
#include "fuzz.h"
#include "fuzz_files.h"
#include "run/resume.h"
#include "spec/recipe.h"

// The files of a run's folder: config.json, data.json, history.csv, metrics.json and predictions.csv, divided by lines
// "====".
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const cvtool::Scratch folder;
  spdlog::set_level(spdlog::level::off);
  const char* const names[] = {"config.json", "data.json", "history.csv", "metrics.json", "predictions.csv"};
  const auto parts = cvtool::parts_of(cvtool::text_of(data, size), 5);
  for (size_t i = 0; i < parts.size(); ++i) folder.write(names[i], parts[i]);
  cvtool::answered([&] {
    const cvtool::StoppedRun run = cvtool::open_stopped_run(folder.path(), "", nullptr);
    cvtool::recipe_from_json(run.config, "fuzz: ");
  });
  cvtool::answered([&] {
    cvtool::EvalRequest request;
    request.baseline = folder / "metrics.json";
    cvtool::open_baseline(request);
  });
  return cvtool::answered([&] {
    cvtool::EvaluationSubject subject;
    subject.model = folder / "best.pt";
    subject.info = cvtool::Json{{"classes", {"Car", "Truck"}}, {"imgsz", 32}, {"recipe", cvtool::Json::object()}};
    cvtool::training_facts(subject);
  });
}
