// Names of layers, which become attributes of TorchScript modules.
#pragma once

#include <string>

namespace cvtool {

// Throws UsageError beginning with `place` ("model.layers[0] (dense): name: ") unless `name` is a word that TorchScript
// and Python leave free for a submodule: letters, digits and _, beginning with a letter, no keyword and no attribute of
// a module.
void check_layer_name(const std::string& name, const std::string& place);

}  // namespace cvtool
