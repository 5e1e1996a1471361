#include "run/batch_sheet.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <numeric>

#include "base/text.h"
#include "train/phases.h"
#include "train/pixel_source.h"

namespace cvtool {
namespace {

cv::Mat image_from_row(const at::Tensor& row) {
  const at::Tensor colours = row.expand({3, row.size(1), row.size(2)});  // of a grey picture three equal ones
  const at::Tensor bytes =
      colours.to(at::kFloat).add(0.5).floor_().clamp_(0, 255).to(at::kByte).permute({1, 2, 0}).contiguous();
  return cv::Mat(static_cast<int>(bytes.size(0)), static_cast<int>(bytes.size(1)), CV_8UC3, bytes.data_ptr<uint8_t>())
      .clone();
}

std::vector<std::string> caption_of(const at::Tensor& label, const std::vector<std::string>& classes) {
  if (label.dim() == 0) return {classes[static_cast<size_t>(label.item<int64_t>())]};
  const auto [fractions, order] = label.sort(0, /*descending=*/true);
  std::vector<std::string> lines;
  for (int64_t i = 0; i < std::min<int64_t>(2, order.size(0)); ++i) {
    const double fraction = fractions[i].item<double>();
    if (fraction > 0)
      lines.push_back(classes[static_cast<size_t>(order[i].item<int64_t>())] +
                      (fraction < 1 ? " " + fixed(fraction, 2) : ""));
  }
  return lines;
}

}  // namespace

Examples first_batch(const Recipe& recipe, const PhotoStore& train, bool augmented) {
  PixelSourceOptions options;
  options.batch = recipe.train.batch;
  const auto seed = static_cast<uint64_t>(recipe.train.seed);
  options.order = training_order(train.samples(), recipe.train);
  options.training = true;
  if (augmented && !recipe.augment.empty())
    options.augmenter =
        std::make_shared<Augmenter>(recipe.augment, seed, static_cast<int64_t>(recipe.data.classes.size()));
  const auto source = pixel_source(train, options);
  source->begin(1);
  Examples examples;
  source->next(examples);
  return examples;
}

std::vector<SheetPicture> pictures_of(const Examples& examples, const std::vector<std::string>& classes, int64_t max) {
  std::vector<SheetPicture> pictures;
  const int64_t count = examples.x.defined() ? std::min(max, examples.x.size(0)) : 0;
  for (int64_t row = 0; row < count; ++row)
    pictures.push_back({image_from_row(examples.x[row]), caption_of(examples.labels[row], classes)});
  return pictures;
}

void write_train_batch(const std::string& path, const Recipe& recipe, const PhotoStore& train) {
  SheetStyle style;
  style.title = "First batch of training";
  write_sheet(path, pictures_of(first_batch(recipe, train, true), recipe.data.classes, 64), style);
}

}  // namespace cvtool
