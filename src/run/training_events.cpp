#include "run/training_events.h"

#include "base/files.h"
#include "data/image.h"

namespace cvtool {

TrainingEvents::TrainingEvents(const std::string& run, int64_t epoch) : file_(run + "/tensorboard", epoch) {
  if (epoch > 1) return;
  const std::string encoded = read_file(run + "/train_batch.jpg");
  const cv::Mat pixels = decode_image(encoded, {});
  file_.picture(0, "train_batch", {pixels.rows, pixels.cols, encoded});
}

}  // namespace cvtool
