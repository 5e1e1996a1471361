#include <doctest/doctest.h>

#include <array>
#include <cstring>

#include "spec/engine.h"

using namespace cvtool;

TEST_CASE("The engine's table has a function in every place") {
  std::array<const void*, sizeof(Engine) / sizeof(void*)> functions;
  static_assert(sizeof functions == sizeof(Engine));
  std::memcpy(functions.data(), cvtool_engine(), sizeof(Engine));
  for (const void* function : functions) CHECK(function != nullptr);
}

TEST_CASE("The engine is of the version that the program asks for") {
  CHECK(cvtool_engine_version() == engine_version());
  // Whoever adds a function, or changes what one is given, raises kEngineVersion, and these numbers.
  CHECK(kEngineVersion == 8);
  CHECK(sizeof(Engine) == 20 * sizeof(void*));
}
