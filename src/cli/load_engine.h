// The engine library, loaded when a command has work.
#pragma once

#include "spec/engine.h"

namespace cvtool {

// Loads PROGRAM/../lib/cvtool/libcvtool_engine.so (installed) or PROGRAM/../lib/libcvtool_engine.so (build tree).
// Throws Error saying what is missing, or that the engine is of another version than the program.
const Engine& load_engine();

}  // namespace cvtool
