#include <filesystem>
#include <nlohmann/json.hpp>

#include "augment/augment.h"
#include "base/error.h"
#include "base/text.h"
#include "data/photos.h"
#include "datatools/preview_sheet.h"
#include "engine/base_choice.h"
#include "engine/data/looked.h"
#include "engine/jobs.h"
#include "engine/output_check.h"
#include "report/image_file.h"
#include "run/batch_sheet.h"
#include "train/phases.h"

namespace cvtool {
namespace {

constexpr int64_t kVariants = 16, kSpare = 8;

std::vector<std::string> plain_preview(const LookRequest& request, const PreviewOptions& sheet, Observer& observer) {
  const Looked looked = look_at(request);
  check_output(request.output, OutputKind::kPicture, {{request.data}, &looked.dataset});
  SheetOptions options;
  if (sheet.rows > 0) options.rows = sheet.rows;
  if (sheet.cols > 0) options.cols = sheet.cols;
  options.per_class = sheet.per_class;
  options.split = sheet.split;
  options.seed = static_cast<uint64_t>(request.look.seed);
  options.workers = request.look.workers;
  options.decode = looked.decode;
  options.progress = progress_of("Drawing", observer);
  write_image(request.output, preview_sheet(looked.dataset, options));
  return {request.output};
}

// The first photos of the first epoch, so that a preview does not read the whole set.
std::vector<Sample> first_samples(const Recipe& recipe, const Dataset& dataset, int64_t count) {
  std::vector<Sample> out;
  const auto order = training_order(dataset.train, recipe.train)(1);
  for (size_t i = 0; i < std::min(order.size(), static_cast<size_t>(count)); ++i)
    out.push_back(dataset.train[order[i]]);
  return out;
}

// The first photo of `plain` as it is in each of the first epochs.
std::vector<SheetPicture> variants(const Recipe& recipe, const Augmenter& augmenter, const Examples& plain,
                                   const PhotoStore& train) {
  const auto order = training_order(train.samples(), recipe.train)(1);
  const auto rows = [&](int64_t first, int64_t count) {
    AugmentRows out;
    std::vector<at::Tensor> pixels, labels;
    for (int64_t i = first; i < first + count; ++i) {
      const int64_t row = i % plain.x.size(0);
      pixels.push_back(plain.x[row]);
      labels.push_back(plain.labels[row]);
      out.ids.push_back(train.samples()[order[static_cast<size_t>(row)]].id);
    }
    out.pixels = at::stack(pixels);
    out.labels = at::stack(labels);
    return out;
  };
  const AugmentRows photo = rows(0, 1);
  AugmentRows following;
  if (augmenter.lookahead() > 0) following = rows(1, augmenter.lookahead());
  std::vector<SheetPicture> pictures;
  for (int64_t epoch = 1; epoch <= kVariants; ++epoch) {
    const AugmentedBatch out =
        augmenter.apply(photo, static_cast<uint64_t>(epoch), augmenter.lookahead() > 0 ? &following : nullptr);
    SheetPicture picture = pictures_of({out.pixels, out.labels}, recipe.data.classes, 1)[0];
    picture.caption.insert(picture.caption.begin(), "epoch " + std::to_string(epoch));
    pictures.push_back(std::move(picture));
  }
  return pictures;
}

// "sheet.jpg", "pairs" -> "sheet-pairs.jpg"
std::string beside(const std::string& path, const std::string& word) {
  const std::filesystem::path file(path);
  return (file.parent_path() / (file.stem().string() + "-" + word + file.extension().string())).string();
}

std::vector<SheetPicture> paired(const std::vector<SheetPicture>& before, const std::vector<SheetPicture>& after) {
  std::vector<SheetPicture> out;
  for (size_t i = 0; i < std::min(before.size(), after.size()); ++i) {
    out.push_back(before[i]);
    out.push_back(after[i]);
  }
  return out;
}

// The first batch of a training as the net is given it; the same beside the photos it was made of; one photo over the
// epochs.
std::vector<std::string> training_preview(const LookRequest& request, const PreviewOptions& sheet, Observer& observer) {
  if (sheet.split != "train")
    throw UsageError("--split " + sheet.split +
                     ": only training photos are augmented; leave out --recipe and --augment");
  if (sheet.per_class > 0)
    throw UsageError(
        "--per-class: a batch is shown as training draws it; leave out --recipe and --augment, or --per-class");
  Json overrides{{"data", request.overrides}, {"train", sheet.train}};
  if (!sheet.augment.is_null()) overrides["augment"] = sheet.augment;
  // As train chooses, but for a preview nothing is fetched.
  const auto automatic = [] { return ready_base() ? kDefaultTransferRecipe : kDefaultRecipe; };
  Recipe recipe = load_recipe(sheet.recipe.empty() ? automatic() : sheet.recipe, overrides);
  const int cols = sheet.cols > 0 ? static_cast<int>(sheet.cols) : 4;
  recipe.train.batch = cols * (sheet.rows > 0 ? sheet.rows : 4);
  const Dataset dataset = find_dataset(request.data, recipe.data, static_cast<uint64_t>(recipe.train.seed));
  log_notes(dataset);
  const std::string pairs = beside(request.output, "pairs"), epochs = beside(request.output, "variants");
  for (const std::string& picture : {request.output, pairs, epochs})
    check_output(picture, OutputKind::kPicture, {{request.data}, &dataset});
  recipe.data.classes = dataset.classes;
  const Augmenter augmenter(recipe.augment, static_cast<uint64_t>(recipe.train.seed),
                            static_cast<int64_t>(dataset.classes.size()));
  RunOptions run;
  static_cast<ReadOptions&>(run) = request.look;
  const auto samples = first_samples(recipe, dataset, recipe.train.batch + augmenter.lookahead() + kSpare);
  const OpenedSplit split = open_split({dataset.root, "train", samples}, recipe.data, run, observer);
  if (!split.store) throw DataError(request.data + ": holds no training photos");

  const Examples plain = first_batch(recipe, *split.store, false), augmented = first_batch(recipe, *split.store, true);
  const auto before = pictures_of(plain, dataset.classes, recipe.train.batch),
             after = pictures_of(augmented, dataset.classes, recipe.train.batch);
  const std::string text = recipe.augment.empty() ? "none" : augment_text(recipe.augment);
  write_sheet(request.output, after, {"As the net sees it: " + text, cols});
  write_sheet(pairs, paired(before, after), {"Before and after: " + text, 2 * cols});
  write_sheet(epochs, variants(recipe, augmenter, plain, *split.store),
              {"One photo in " + std::to_string(kVariants) + " epochs: " + text, 4});
  return {request.output, pairs, epochs};
}

}  // namespace

std::vector<std::string> preview_job(const LookRequest& request, const PreviewOptions& sheet, Observer& observer) {
  check_image_path(request.output);
  const bool as_trained = !sheet.recipe.empty() || !sheet.augment.is_null();
  return as_trained ? training_preview(request, sheet, observer) : plain_preview(request, sheet, observer);
}

}  // namespace cvtool
