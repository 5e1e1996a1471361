// Pictures of training photos as the net is given them.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "data/loader.h"
#include "report/sheet.h"
#include "spec/recipe.h"
#include "train/examples.h"

namespace cvtool {

// The first batch of the first epoch. `recipe` has its classes; without `augmented` the photos are only resized. CPU.
Examples first_batch(const Recipe& recipe, const PhotoStore& train, bool augmented);

// One picture per row of examples.x [N,C,H,W], at most `most`; below it the class, or the largest shares of a mixed
// label.
std::vector<SheetPicture> pictures_of(const Examples& examples, const std::vector<std::string>& classes, int64_t max);

// train_batch.jpg: up to 64 photos of the first batch, augmented.
void write_train_batch(const std::string& path, const Recipe& recipe, const PhotoStore& train);

}  // namespace cvtool
