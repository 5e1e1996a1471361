// What flags take, by the word that stands for it in the help. A value is written as alternatives, "none|flip|N": what
// has a capital letter stands for something, all else is meant as it is. "[RUN]" may be left out, and after ",..." a
// list goes on behind commas.
#pragma once

#include <string>
#include <vector>

namespace cvtool {

struct ValueHelp {
  std::vector<std::string> words;  // meant as they are
  std::vector<std::string> lists;  // names of words_of()
  bool files = false, folders = false;
  bool goes_on = false;  // behind a comma

  bool any() const { return files || folders || !words.empty() || !lists.empty(); }
};

ValueHelp value_help(const std::string& value);

// Lists of words that are known when the program runs.
struct WordList {
  const char* name;
  std::vector<std::string> (*words)();
};
const std::vector<WordList>& word_lists();

}  // namespace cvtool
