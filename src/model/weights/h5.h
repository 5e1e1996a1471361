// Keras weights in HDF5: whole models (model.save) and weights only (model.save_weights), through libhdf5.
#pragma once

#include "model/weights/raw_tensor.h"

namespace cvtool {

// Names as Keras wrote them ("block1_conv1/kernel:0"), layers in the order of the model; float16 to float64
// come out as float32 or float64, whole numbers as int64. Links and data that point to other files, and
// filters other than HDF5's own, are refused. Throws Error. Not thread-safe (libhdf5 is not).
RawStateDict read_h5(const std::string& path);

bool is_h5(std::string_view bytes);

}  // namespace cvtool
