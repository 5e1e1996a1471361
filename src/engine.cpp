#include "spec/engine.h"

#include <opencv2/core/utility.hpp>

#include "engine/jobs.h"

extern "C" const cvtool::Engine* cvtool_engine() {
  // Photos are spread over worker threads: teams of OpenCV's within them would only multiply, and fail where the system
  // gives no more threads.
  cv::setNumThreads(1);
  static const cvtool::Engine engine{cvtool::train_job,   cvtool::find_lr_job, cvtool::eval_job,    cvtool::compare_job,
                                     cvtool::predict_job, cvtool::export_job,  cvtool::summary_job, cvtool::sample_job,
                                     cvtool::check_job,   cvtool::stats_job,   cvtool::split_job,   cvtool::unpack_job,
                                     cvtool::preview_job, cvtool::import_job,  cvtool::explain_job, cvtool::verify_job};
  return &engine;
}
