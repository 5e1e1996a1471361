// Which epoch is the best, and when there is no use in going on: part of the `train` section of a recipe.
#pragma once

#include "base/fields.h"

namespace cvtool {

struct StoppingConfig {
  std::string monitor = "auto";
  int64_t patience = 0;
  double min_delta = 0;
};

template <class Visitor>
void fields(StoppingConfig& c, Visitor&& visit) {
  visit("monitor", c.monitor,
        Doc("figure by which the best epoch is told; auto: val_accuracy, or loss where there is no validation set")
            .words({"auto", "val_accuracy", "val_binary_accuracy", "val_loss", "accuracy", "binary_accuracy", "loss"}));
  visit("patience", c.patience, Doc("stop after this many epochs without improvement; 0: never").range(0, 1e6));
  visit("min_delta", c.min_delta, Doc("a smaller change counts as no improvement (patience, plateau)").range(0, 1e6));
}

}  // namespace cvtool
