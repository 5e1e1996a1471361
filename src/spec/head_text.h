// Layers in a short form, for the command line: "flatten,dense:6:relu,dense:1:sigmoid". Free of LibTorch.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace cvtool {

// The layers as a recipe has them. Words are separated by commas, a layer's values by colons; "dense" alone has a unit
// a class. Where the last layer gives no class scores (anything but a dense layer without activation, with softmax or
// with sigmoid), a "dense" is added. Throws UsageError naming `place`, the word and the nearest one.
Json layers_from_text(const std::string& text, const std::string& place);

// The words and their values, for help: "flatten, dense[:UNITS[:ACTIVATION]], ...".
std::string head_words_help();
// "flatten", "global_avg", ...
std::vector<std::string> head_word_names();

}  // namespace cvtool
