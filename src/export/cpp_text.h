// Texts as C++ source.
#pragma once

#include <string>

namespace cvtool {

// A name for a namespace that looks like `text`: letters, digits and single underscores, no keyword up to C++20, and
// nothing that the global namespace or the preprocessor has already. "default" gives "model_default".
std::string cpp_identifier(const std::string& text);

// The literal of any bytes, quotes included.
std::string cpp_literal(const std::string& bytes);

}  // namespace cvtool
