// How filter, detect and condense are done. Free of LibTorch.
#pragma once

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

}  // namespace cvtool
