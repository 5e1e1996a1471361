// The many spellings of train, valid and test.
#pragma once

#include <string>

namespace cvtool {

// "train", "valid" or "test" for a name that means it, in any case: "Train", "training_set", "val2017", "Testing
// images", "dev"; "" for any other.
std::string split_name(const std::string& word);

// True for words that some take for validation and others for testing: "eval", "evaluation".
bool is_evaluation_word(const std::string& word);

}  // namespace cvtool
