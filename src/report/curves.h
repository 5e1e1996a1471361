// Histories of training, and their pictures.
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

// The text of a history.csv: a header of names, one of them "epoch", then a line per epoch. Empty cells and
// "nan" are absent values. best_epoch stays 0. Throws DataError naming the line that is not so.
History history_from_csv(const std::string& text);

// Training curves as pictures.

// Loss and accuracy side by side, each for training and validation, with the best epoch marked: curves.png.
// Takes the columns loss, val_loss, accuracy (or binary_accuracy, categorical_accuracy,
// sparse_categorical_accuracy) and their val_ forms; what is absent is left out. Throws Error when the file
// cannot be written.
void write_curves_png(const std::string& path, const History& history);

struct NamedHistory {
  std::string name;
  History history;
};

// Validation loss and accuracy of several runs, one colour a run: for comparing them. A run without
// validation metrics is drawn by its training ones.
void write_comparison_png(const std::string& path, const std::vector<NamedHistory>& runs);

// Loss against learning rate.

// Writes PNG. One loss a rate; rates positive and rising; `suggested` is marked. Throws Error when the file cannot be
// written.
void write_lr_png(const std::string& path, const std::vector<double>& rates, const std::vector<double>& losses,
                  double suggested);

}  // namespace cvtool
