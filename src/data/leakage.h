// Photos that a model is measured on and was trained on: its figures are too good.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "data/dataset.h"
#include "data/photos.h"

namespace cvtool {

using Copies = std::vector<std::pair<std::string, std::string>>;  // held-back photo, the training photo that it equals

// Held-back files that equal a training file byte by byte. The first form takes splits that have been read, the second
// looks at the files: of those that are equally long the content is compared.
Copies copies_in_training(const OpenedSplit& train, const OpenedSplit& held_back);
Copies copies_in_training(const Dataset& dataset, const std::vector<Sample>& held_back);

// A sentence about them; "" where there are none. `split` is the held-back split's name.
std::string leakage_text(const Copies& copies, const std::string& split);

}  // namespace cvtool
