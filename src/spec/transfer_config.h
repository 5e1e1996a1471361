// How a pretrained base is used: the `transfer` section of a recipe. Without a base it does nothing.
#pragma once

#include "base/fields.h"

namespace cvtool {

struct TransferConfig {
  std::string fine_tune = "none";
  int64_t freeze_epochs = 0;
  double fine_tune_lr = 0;
  bool fine_tune_norms = false;
  std::string feature_cache = "auto";
  int64_t augment_views = 0;
};

template <class Visitor>
void fields(TransferConfig& c, Visitor&& visit) {
  visit("fine_tune", c.fine_tune,
        Doc("which layers of the base are trained too: none, N (the last N that have a kernel), all, or a prefix of "
            "their names"));
  visit("freeze_epochs", c.freeze_epochs,
        Doc("epochs in which the base stays frozen before its layers are fine-tuned").range(0, 1e6));
  visit("fine_tune_lr", c.fine_tune_lr, Doc("learning rate of the base's layers; 0: a tenth of lr").range(0, 100));
  visit("fine_tune_norms", c.fine_tune_norms, Doc("train the base's batch norm too: its weights and its statistics"));
  visit("feature_cache", c.feature_cache,
        Doc("where features of the frozen base are kept; auto: in memory while they fit, else on disk")
            .words({"auto", "ram", "disk", "none"}));
  visit(
      "augment_views", c.augment_views,
      Doc("keep features of this many drawn views a photo instead of drawing anew every epoch: an approximation; 0: no")
          .range(0, 1000));
}

}  // namespace cvtool
