#include <torch/csrc/jit/api/module.h>

#include "base/json.h"
#include "fuzz.h"
#include "model/compile.h"

// A net spec, compiled for three classes. A base is a file, and none is there.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return cvtool::answered([&] {
    cvtool::NetTarget target{{32, 32}, 3, 7};
    target.most_weights = 1e5;
    cvtool::compile_net(cvtool::json_from_text(cvtool::text_of(data, size), "fuzz"), target);
  });
}
