// What the machine refuses, told apart from what is wrong with a file.
#pragma once

#include <exception>
#include <string>

namespace cvtool {

// True for memory, a thread, an open file or an answer of the system that was not given, however a library says it.
// Where exceptions are caught to say that a file is damaged, or that a net does not take its input, these are passed
// on: nothing is wrong with the file. An Error has said already what it is.
bool refused_by_machine(const std::exception& error);

// The same in words, with what to do: "" for other exceptions.
std::string refusal_text(const std::exception& error);

}  // namespace cvtool
