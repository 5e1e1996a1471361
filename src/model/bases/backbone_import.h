// Weights of others into the nets of models/bases.
#pragma once

#include "model/bases/backbone_file.h"
#include "model/bases/backbone_spec.h"
#include "model/compile.h"
#include "model/state_dict.h"

namespace cvtool {

// What a user says of it; what is left out is found out.
struct BackboneRequest {
  std::string name, variant;  // an empty variant: left out
  double alpha = 0;           // 0: left out
};

// The defaults for what is left out. Throws UsageError: an unknown name or variant, an alpha where there is none.
BackboneChoice choose_backbone(const BackboneRequest& wish);

// The variant and alpha that the tensors' names and shapes are of, for what is left out; where nothing fits, the
// nearest.
BackboneChoice recognise_backbone(const BackboneRequest& wish, const StateDict& weights);

// The net with its chosen parameters and random weights. `imgsz` empty: the backbone's own.
BackboneNet compile_choice(const BackboneChoice& choice, ImageSize imgsz = {});

// Reads any weight file (read_state_dict), with Keras's and Caffe's names and layouts turned into PyTorch's.
StateDict read_backbone_weights(const std::string& path);

// The net with the weights, and what is known of it. Throws Error listing every missing, unexpected and mis-shaped
// tensor by name, and when a weight is not finite.
BackboneFile backbone_with_weights(const BackboneChoice& choice, const StateDict& weights);

}  // namespace cvtool
