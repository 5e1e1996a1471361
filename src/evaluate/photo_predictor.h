// From photos of the data's size to what a model says of them: the one way of eval, predict and the final figures.
#pragma once

#include "augment/variants.h"
#include "model/predictor.h"
#include "spec/recipe.h"

namespace cvtool {

class PhotoPredictor {
 public:
  // `recipe` is the model's. Throws UsageError where `plan` mirrors photos that orientation_sensitive forbids to.
  PhotoPredictor(Predictor predictor, const Recipe& recipe, const TtaPlan& plan = {});

  // `pixels` [N,3,H,W] u8, RGB 0..255, CPU, of the size data.imgsz. Of random_crop the centre is taken. With test-time
  // augmentation the probabilities are the mean over the variants, and the logits are those of that mean. What is drawn
  // for a photo depends on its pixels and the recipe's seed alone.
  Prediction run(const at::Tensor& pixels) const;

  // What the net is given of such pixels, as they are: of random_crop the centre.
  at::Tensor input(const at::Tensor& pixels) const;
  // The model alone, on pixels of its own size.
  const Predictor& net() const { return predictor_; }

 private:
  Predictor predictor_;
  TestTimeVariants variants_;
  bool sigmoid_loss_;  // a loss that takes each unit by itself
};

// The mean of several predictions of the same photos. Its logits give the mean of the probabilities that the loss sees:
// of the softmax over the units, or, with `sigmoid_loss` or one unit, of each unit's sigmoid.
Prediction mean_prediction(const std::vector<Prediction>& predictions, bool sigmoid_loss);

}  // namespace cvtool
