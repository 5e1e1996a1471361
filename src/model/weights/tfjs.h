// The layers-model format of TensorFlow.js: model.json with a weights manifest, and the shards that it names.
#pragma once

#include <functional>

#include "model/weights/raw_tensor.h"

namespace cvtool {

// Gives the bytes of a shard by its relative name.
using ShardReader = std::function<Blob(const std::string& name)>;

// Names as in Keras, without ":0" ("Conv1/kernel"), in the order of the manifest. Quantized weights (uint8,
// uint16, float16) come out as float32: value * scale + min, as tfjs-core's io_utils.ts computes it. Throws
// Error.
RawStateDict read_tfjs(const Blob& model_json, const std::string& origin, const ShardReader& read_shard);

// Bytes of model.json and all its shards together.
struct TfjsFile {
  RawStateDict dict;
  size_t bytes = 0;
};

// Shards lie in the folder of `path`.
TfjsFile read_tfjs_file(const Blob& model_json, const std::string& path);

}  // namespace cvtool
