// A model file made ready to work, and its way from photos to probabilities.
#pragma once

#include <string>

#include "augment/variants.h"
#include "model/model_file.h"
#include "model/predictor.h"
#include "spec/recipe.h"
#include "spec/requests.h"

namespace cvtool {

class PhotoPredictor {
 public:
  // `recipe` is the model's; see resizes(). Throws UsageError where `plan` mirrors photos that orientation_sensitive
  // forbids to.
  PhotoPredictor(Predictor predictor, const Recipe& recipe, const TtaPlan& plan = {}, bool resizes = false);

  // `pixels` [N,C,H,W] u8 or f32, 0..255, CPU, of the size data.imgsz, or where resizes() of any size. Of random_crop
  // the centre is taken. With test-time augmentation the probabilities and sigmoids are the mean over the variants, and
  // the logits are those of that mean; the features are the first variant's, of the photo as it is. What is drawn for a
  // photo depends on its pixels and the recipe's seed alone.
  Prediction run(const at::Tensor& pixels) const;

  // What the net is given of such pixels, as they are: of random_crop the centre.
  at::Tensor input(const at::Tensor& pixels) const;
  // Whether the model is a file that resizes photos itself, which is to be given them as they are, one at a time.
  bool resizes() const { return resizes_; }
  // How many photos go through the net at once; `asked` is for a GPU (see Predictor::rows).
  int64_t rows(int64_t asked) const;
  // The model alone, on pixels of its own size.
  const Predictor& net() const { return predictor_; }

 private:
  Predictor predictor_;
  TestTimeVariants variants_;
  bool sigmoid_loss_;  // a loss that takes each unit by itself
  bool resizes_;
};

// The mean of several predictions of the same photos. Its logits give the mean of the probabilities that the loss sees:
// of the softmax over the units, or, with `sigmoid_loss` or one unit, of each unit's sigmoid.
Prediction mean_prediction(const std::vector<Prediction>& predictions, bool sigmoid_loss);

struct OpenedModel {
  std::string path;
  ModelFile file;
  Recipe recipe;  // the one it was trained by
  PhotoPredictor predictor;
};

// `model` as --model takes it, `precision` "auto", "fp32" or "bf16". Prepares the process for work. Throws UsageError
// for a device or model that is not there, Error for a file that is not a model.
OpenedModel open_model(const std::string& model, const std::string& precision, const ComputeOptions& run,
                       const TtaPlan& tta = {});

// A model that is asked about photos and nothing else: one that was opened before is ready sooner (load_ready_model).
struct AskedModel {
  std::string path;
  Json info;  // see ModelFile
  Recipe recipe;
  PhotoPredictor predictor;
};

// Arguments and errors as open_model's.
AskedModel ask_model(const std::string& model, const std::string& precision, const ComputeOptions& run,
                     const TtaPlan& tta = {});

}  // namespace cvtool
