#include <cstdlib>
#include <nlohmann/json.hpp>

#include "fuzz.h"
#include "spec/recipe.h"

// A recipe that is read stands for the same when it is written and read again.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return cvtool::answered([&] {
    const auto json = cvtool::json_from_text(cvtool::text_of(data, size), "fuzz");
    const cvtool::Json written = cvtool::recipe_to_json(cvtool::recipe_from_json(json, "recipe fuzz: "));
    const cvtool::Json again = cvtool::recipe_to_json(cvtool::recipe_from_json(written, "recipe again: "));
    if (written.dump(-1, ' ', false, cvtool::Json::error_handler_t::replace) !=
        again.dump(-1, ' ', false, cvtool::Json::error_handler_t::replace))
      std::abort();
  });
}
