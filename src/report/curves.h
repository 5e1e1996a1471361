// Training curves as pictures.
#pragma once

#include <string>
#include <vector>

#include "report/history.h"

namespace cvtool {

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
// validation figures is drawn by its training ones.
void write_comparison_png(const std::string& path, const std::vector<NamedHistory>& runs);

// Loss against learning rate.

// Writes PNG. One loss a rate; rates positive and rising; `suggested` is marked. Throws Error when the file cannot be
// written.
void write_lr_png(const std::string& path, const std::vector<double>& rates, const std::vector<double>& losses,
                  double suggested);

}  // namespace cvtool
