#include <nlohmann/json.hpp>

#include "fuzz.h"
#include "run/resume.h"

// The facts of a checkpoint. What is around them, an archive with checksums and a pickle of LibTorch's, is the business
// of the targets torch_zip and pickle.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const cvtool::Json facts = cvtool::Json::parse(cvtool::text_of(data, size), nullptr, /*allow_exceptions=*/false);
  if (!facts.is_object()) return 0;
  return cvtool::answered([&] {
    cvtool::StoppedRun run;
    run.folder = "fuzz";
    run.checkpoint = cvtool::Checkpoint{facts, {}};
    const cvtool::Json identity{{"settings", {{"train", {{"lr", 0.1}}}}}, {"photos", "1"}};
    cvtool::state_to_resume(run, identity, size % 2 == 0);
  });
}
