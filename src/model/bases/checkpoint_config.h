// What lies beside a file of weights and says of which net they are: config.json of timm and of transformers, and the
// latter's preprocessor_config.json. Free of LibTorch.
#pragma once

#include <optional>
#include <string>

#include "model/bases/backbone_spec.h"

namespace cvtool {

// How the weights' makers prepared pictures. What is not said is null, empty or 0.
struct StatedInput {
  Json preprocess;  // as model.preprocess takes it
  int64_t imgsz = 0;
  double crop = 0;            // part of the shorter side that is kept
  std::string interpolation;  // "bicubic"
};

struct CheckpointConfig {
  std::string file;  // the config.json
  Json config;       // an object
  StatedInput input;
};

// The config in the folder of `weights` (a path), if one is there that names a net. Throws UsageError for one that is
// no JSON, and where it says of pictures what it may not.
std::optional<CheckpointConfig> config_beside(const std::string& weights);

// The file of weights in a folder as model hubs lay it out. Throws UsageError where there is none.
std::string weights_in_folder(const std::string& folder);

// Whether the config contains one of the spec's `configs`.
bool is_config_of(const Json& config, const BackboneSpec& spec);

// The backbone and variant that the config is of. Throws UsageError naming the net that no backbone is.
BackboneChoice choice_of_config(const CheckpointConfig& config);

}  // namespace cvtool
