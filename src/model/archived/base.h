// The base of a model whose weights are kept without code: compiled from a spec, or found by its digest.
#pragma once

#include <string>
#include <vector>

#include "model/bases/backbone.h"
#include "model/compile.h"
#include "model/state_dict.h"

namespace cvtool {

// All take `info`, what a model says of its base (ModelInfo's "base", an object).

// Net specs that the base may have been compiled from, the likeliest first: the one that `info` holds, and those of
// models/bases of its name whose tensors have the names and shapes of `weights` ("base.…").
std::vector<Json> base_nets(const Json& info, const StateDict& weights);

// The base compiled from a net spec, with weights at their start. Throws UsageError as compile_backbone does.
Base compiled_base(const Json& info, const Json& net, const NetTarget& target);

// A base whose module is there.
Base base_of_module(const Json& info, const torch::jit::Module& module);

// The file in backbone_folders() with the base's digest; "" where there is none.
std::string base_file_of_digest(const Json& info);

// Why there is none: the base's name and digest, what lies under its name, and what to do.
std::string missing_base_text(const Json& info);

}  // namespace cvtool
