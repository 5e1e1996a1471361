#include "spec/engine.h"

#include <opencv2/core/utility.hpp>

#include "base/version.h"
#include "engine/jobs.h"

extern "C" const char* cvtool_engine_version() {
  static const std::string version = cvtool::engine_version();
  return version.c_str();
}

extern "C" const cvtool::Engine* cvtool_engine() {
  // Photos are spread over worker threads: teams of OpenCV's within them would only multiply, and fail where the system
  // gives no more threads.
  cv::setNumThreads(1);
  static const cvtool::Engine engine = [] {
    cvtool::Engine e{};
    e.train = cvtool::train_job;
    e.find_lr = cvtool::find_lr_job;
    e.eval = cvtool::eval_job;
    e.compare = cvtool::compare_job;
    e.predict = cvtool::predict_job;
    e.export_model = cvtool::export_job;
    e.import_backbone = cvtool::import_job;
    e.verify = cvtool::verify_job;
    e.explain = cvtool::explain_job;
    e.summary = cvtool::summary_job;
    e.sample = cvtool::sample_job;
    e.check = cvtool::check_job;
    e.stats = cvtool::stats_job;
    e.drift = cvtool::drift_job;
    e.split = cvtool::split_job;
    e.audit = cvtool::audit_job;
    e.fix = cvtool::fix_job;
    e.unpack = cvtool::unpack_job;
    e.preview = cvtool::preview_job;
    e.doctor = cvtool::doctor_job;
    return e;
  }();
  return &engine;
}
