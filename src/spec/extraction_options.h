// How filter, detect and condense are done. Free of LibTorch.
#pragma once

#include <string>
#include <vector>

#include "base/fields.h"
#include "spec/layer_fields.h"

namespace cvtool {

struct ExtractionOptions {
  int64_t stride = 1;
  std::string padding = "valid";
  std::string activation = "relu";
  int64_t pool_size = 2, pool_stride = 2;
  std::string pool_padding = "same";
  double gamma = 1;
};
template <class Visitor>
void fields(ExtractionOptions& c, Visitor&& visit) {
  visit("stride", c.stride, Doc("step of the filter").range(1, 1000));
  visit("padding", c.padding, Doc("what the filter does at the border").words({"same", "valid"}));
  visit("activation", c.activation, Doc("function that detects").words(activation_names()));
  visit("pool_size", c.pool_size, Doc("size of the window that condenses").range(1, 1000));
  visit("pool_stride", c.pool_stride, Doc("step of the window that condenses").range(1, 1000));
  visit("pool_padding", c.pool_padding, Doc("what the window does at the border").words({"same", "valid"}));
  visit("gamma", c.gamma, Doc("brightness of Detect and Condense is raised to this power when drawn").range(0.01, 100));
}

// Convolution kernels by name, or written out. Free of LibTorch, so that the command line can check them.

struct Kernel {
  std::string name;  // "edge"; "custom" where it was written out
  size_t rows = 0, columns = 0;
  std::vector<double> values;  // row by row
};

// The kernels that have a name, alphabetical.
const std::vector<Kernel>& named_kernels();

// A name, or rows of numbers: "-1 2 -1; -1 2 -1; -1 2 -1" (spaces or commas between numbers). Throws UsageError naming
// --kernel: an unknown name, something that is not a number, rows of different lengths, more than 64 a side.
Kernel kernel_from_text(const std::string& text);

}  // namespace cvtool
