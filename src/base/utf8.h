// Texts as Unicode characters.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace cvtool {

// Bytes of the UTF-8 sequence that begins at `at`, by the Unicode standard's table 3-7 (so neither overlong forms nor
// halves of pairs); 0 where none does.
size_t utf8_length(const std::string& text, size_t at);

bool is_utf8(const std::string& text);

// False for the second and later bytes of a sequence: counting where it is true counts characters.
inline bool begins_character(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) != 0x80; }

// The text in Unicode's form NFC: equal names from macOS (a letter and its accent apart) and from elsewhere (in one)
// become equal bytes. What is not UTF-8 stays as it is.
std::string nfc(const std::string& text);

// Where `name` stands in `names`, compared in form NFC; nothing where it does not.
std::optional<size_t> place_of_name(const std::vector<std::string>& names, const std::string& name);

}  // namespace cvtool
