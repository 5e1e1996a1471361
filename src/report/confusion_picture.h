// The confusion matrix as a picture.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cvtool {

// Counts and row percentages: rows are true classes, columns predicted ones; right answers in shades of blue,
// mistakes of red, by their share of the row. Up to 120 classes every cell shows its numbers; beyond that
// cells show colour alone and some of the names. `matrix` is [K][K], `classes` the K names. Throws Error when
// the file cannot be written.
void write_confusion_matrix_png(const std::string& path, const std::vector<std::vector<int64_t>>& matrix,
                                const std::vector<std::string>& classes);

}  // namespace cvtool
