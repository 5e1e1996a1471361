// Lists of names in one text, as flags take them. Any name can be in one.
#pragma once

#include <string>
#include <vector>

namespace cvtool {

// "cat,dog" -> its parts, without the blanks around them. What stands in quotation marks is taken as it is
// (`"red, blue",dog`; a mark within is doubled). A JSON list of texts is taken too, and a JSON object, whose members
// become "name=value": `{"red, blue": 2}`. Throws UsageError beginning with `flag`.
std::vector<std::string> names_from_text(const std::string& text, const std::string& flag);

// The text that names_from_text reads as `names`: marks only where they are needed.
std::string text_of_names(const std::vector<std::string>& names);

}  // namespace cvtool
