// Pictures of an evaluation.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cvtool {

// Counts and row percentages: rows are true classes, columns predicted ones; right answers in shades of blue,
// mistakes of red, by their fraction of the row. Up to 120 classes every cell shows its numbers; beyond that
// cells show colour alone and some of the names. `matrix` is [K][K], `classes` the K names. Throws Error when
// the file cannot be written.
void write_confusion_matrix_png(const std::string& path, const std::vector<std::vector<int64_t>>& matrix,
                                const std::vector<std::string>& classes);

// Charts of an evaluation: ROC, precision-recall, calibration, bars by class.

// The curve of one class against the rest.
struct ClassCurve {
  std::string name;
  std::vector<double> x, y;  // ROC: false and true positive rate; precision-recall: recall and precision
  double area = 0;           // ROC-AUC or average precision; NaN where undefined, such a curve is left out
};

// Up to seven classes have a colour and stand in the legend with their area; of more, the six with the
// smallest area do and the others are thin grey lines. Throw Error when the file cannot be written.
void write_roc_png(const std::string& path, const std::vector<ClassCurve>& curves);
void write_precision_recall_png(const std::string& path, const std::vector<ClassCurve>& curves);

struct ReliabilityBin {
  double low = 0, high = 0;  // of the confidence
  int64_t count = 0;
  double mean_confidence = 0, accuracy = 0;  // NaN in an empty bin
};

// Accuracy against confidence, beside the diagonal of perfect calibration, and below how many images each bin
// holds.
void write_calibration_png(const std::string& path, const std::vector<ReliabilityBin>& bins, double calibration_error);

struct NamedValue {
  std::string name;
  double value = 0;  // NaN: no bar
  std::string text;  // what stands beside the bar
};

// One horizontal bar a row, in the given order, from 0 to the greatest value or to `full` where that is
// positive. Up to 500 rows; more are cut off and counted in the last line.
void write_bars_png(const std::string& path, const std::string& title, const std::vector<NamedValue>& rows,
                    double full = 0);

}  // namespace cvtool
