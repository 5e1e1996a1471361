// What a training run measured, epoch by epoch, by Keras's names.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cvtool {

struct HistoryColumn {
  std::string name;            // "loss", "val_loss", "accuracy" or "binary_accuracy", "val_accuracy", "lr", ...
  std::vector<double> values;  // one an epoch; NaN where it was not measured
};

struct History {
  std::vector<double> epochs;  // the x values: 1, 2, 3, ...
  std::vector<HistoryColumn> columns;
  int64_t best_epoch = 0;  // one of `epochs`; 0: none is marked

  // The column of that name, or nullptr.
  const HistoryColumn* find(const std::string& name) const;
};

// The text of a history.csv: a header of names, one of them "epoch", then a line an epoch. Empty cells and
// "nan" are absent values. best_epoch stays 0. Throws DataError naming the line that is not so.
History history_from_csv(const std::string& text);

}  // namespace cvtool
