// Keras weights in HDF5: whole models (model.save) and weights only (model.save_weights).
#pragma once

#include "model/weights/raw_tensor.h"

namespace cvtool {

// Names as Keras wrote them ("block1_conv1/kernel:0"), layers in the order of the model. Throws Error. The
// newer layout of Keras 3 (.weights.h5, .keras) is refused with what to do.
RawStateDict read_h5(const Blob& file, const std::string& origin);

bool is_h5(std::string_view bytes);

}  // namespace cvtool
