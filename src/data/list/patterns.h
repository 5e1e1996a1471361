// Patterns that name several files, as a shell has them.
#pragma once

#include <string>
#include <vector>

namespace cvtool {

// True where the text holds '*', '?', '[' or '{' and no file has this very name.
bool is_pattern(const std::string& text);

// The files that a pattern names, in the order of their names: '*', '?', '[a-z]', '{a,b}', '{000..009}' (as shards are
// written) and '~'. None where nothing fits. `missing`, when given, gets the names of a range of which there is no
// file.
std::vector<std::string> matches_of(const std::string& pattern, std::vector<std::string>* missing = nullptr);

}  // namespace cvtool
