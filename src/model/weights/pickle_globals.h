// The few globals that a pickled state dict may name, and what they make. Used by pickle.cpp only.
#pragma once

#include <string>

#include "model/weights/pickle.h"

namespace cvtool {

// Row of the table for MODULE.NAME. Throws Error naming it when it is not in the table.
int64_t find_global(const std::string& origin, const std::string& module, const std::string& name);

// Makes a storage of a persistent id. Throws Error.
PickleValue make_storage(Pickle& pickle, PickleId id, const ByteReader& in);

// What calling the global with the arguments gives: a tensor, a tuple, an (ordered) dictionary. Throws Error.
PickleValue apply_global(Pickle& pickle, PickleId callee, PickleId arguments, const ByteReader& in);

}  // namespace cvtool
