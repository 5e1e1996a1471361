// Convolution kernels by name, or written out. Free of LibTorch, so that the command line can check them.
#pragma once

#include <string>
#include <vector>

namespace cvtool {

struct Kernel {
  std::string name;  // "edge"; "custom" where it was written out
  size_t rows = 0, columns = 0;
  std::vector<double> values;  // row by row
};

// The kernels that have a name, alphabetical.
const std::vector<Kernel>& named_kernels();

// A name, or rows of numbers: "-1 2 -1; -1 2 -1; -1 2 -1" (spaces or commas between numbers). Throws UsageError naming
// --kernel: an unknown name, something that is no number, rows of different lengths, more than 64 a side.
Kernel kernel_from_text(const std::string& text);

}  // namespace cvtool
