// Photos that a model is measured on and was trained on: its metrics are too good.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "data/dataset.h"
#include "data/photos.h"

namespace cvtool {

using Duplicates =
    std::vector<std::pair<std::string, std::string>>;  // held-out photo, the training photo that it equals

// Held-back files that equal a training file byte by byte. The first form takes splits that have been read, the second
// looks at the files: of those that are equally long the content is compared.
Duplicates duplicates_in_training(const OpenedSplit& train, const OpenedSplit& held_out);
Duplicates duplicates_in_training(const Dataset& dataset, const std::vector<Sample>& held_out);

// A sentence about them; "" where there are none. `split` is the held-out split's name.
std::string leakage_text(const Duplicates& duplicates, const std::string& split);

}  // namespace cvtool
