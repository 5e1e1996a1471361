// What verify says of files that were changed after they were written.
#include <doctest/doctest.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <random>

#include "base/error.h"
#include "base/text.h"
#include "engine/jobs.h"
#include "export/onnx/export.h"
#include "export/small_model.h"
#include "onnx/onnx_seal.h"
#include "scratch.h"

using namespace cvtool;

namespace {

// True when verify finds the file bad, in words. Anything but a result or Error is a failure.
bool found_bad(const std::string& path) {
  try {
    // Of a model what verify does first, and what every other command does: without its threads it is faster.
    if (ends_with(path, ".pt")) return load_model(path), false;
    return !verify_job({path}).good();
  } catch (const Error& error) {
    return error.code() == ExitCode::kFailed && contains(error.what(), path + ": ");
  }
}

std::string onnx_of_small_model() {
  const ModelFile model = small_model();
  OnnxModel onnx = onnx_of_model(model.module, &model, {16, 16});
  add_onnx_digest(onnx);
  return onnx_bytes(onnx);
}

std::string changed(std::string bytes, int how, std::mt19937& random) {
  const size_t at = random() % bytes.size();
  if (how < 4) bytes[at] = static_cast<char>(bytes[at] ^ 1 << random() % 8);
  if (how == 4) bytes.resize(at);
  if (how == 5) bytes.insert(at, 1 + random() % 5, static_cast<char>(random()));
  if (how == 6) bytes.erase(at, 1 + random() % 5);
  return bytes;
}

}  // namespace

TEST_CASE("verify finds every flipped bit, and every byte that is gone or added, in an ONNX and in a model file") {
  const Scratch scratch;
  const std::string onnx = onnx_of_small_model(), model = model_bytes(small_model());
  CHECK(verify_job({scratch.write("whole.onnx", onnx)}).good());
  CHECK(verify_job({scratch.write("whole.pt", model)}).good());
  std::mt19937 random(3);
  for (int i = 0; i < 700; ++i) {
    CAPTURE(i);
    CHECK(found_bad(scratch.write("changed.onnx", changed(onnx, i % 7, random))));
    CHECK(found_bad(scratch.write("changed.pt", changed(model, i % 7, random))));
  }
}

TEST_CASE("verify does not run a graph whose bytes are not those that were written") {
  const Scratch scratch;
  const ModelFile model = small_model();
  OnnxModel onnx = onnx_of_model(model.module, &model, {16, 16});
  add_onnx_digest(onnx);
  // A node that nothing could run.
  onnx.nodes[0].inputs.resize(1);
  const VerifyResult result = verify_job({scratch.write("changed.onnx", onnx_bytes(onnx))});
  CHECK_FALSE(result.good());
  REQUIRE(result.checks.size() == 3);
  CHECK(contains(result.checks[2].detail, "not run"));
  CHECK(result.claims["classes"] == model.info["classes"]);
}

TEST_CASE("A graph with a right digest that cannot be run is refused with the operation's name") {
  const Scratch scratch;
  const ModelFile model = small_model();
  const auto refused = [&](const std::function<void(OnnxModel&)>& change) {
    OnnxModel onnx = onnx_of_model(model.module, &model, {16, 16});
    add_onnx_digest(onnx);
    onnx.metadata.pop_back();  // the digest, which is then made anew
    change(onnx);
    onnx.metadata.emplace_back("cvtool.digest", onnx_seal(onnx_bytes(onnx)).computed);
    const std::string path = scratch.write("made.onnx", onnx_bytes(onnx));
    return message_of([&] {
      if (verify_job({path}).good()) throw std::logic_error("it is good");
    });
  };
  CHECK(contains(refused([](OnnxModel& onnx) { onnx.nodes[0].inputs.resize(1); }), "has 1 input; it takes"));
  CHECK(contains(refused([](OnnxModel& onnx) { onnx.nodes[0].op = "Loop"; }), "the operation 'Loop'"));
  CHECK(refused([](OnnxModel& onnx) { onnx.input.dims = {-1, 3}; }).empty());
  CHECK(refused([](OnnxModel& onnx) { onnx.input.dims = {-1, 3, int64_t{1} << 40, int64_t{1} << 40}; }).empty());
  for (auto text : {"", "{}", "[]", "[\"a\"]", "[1e400]"})
    CHECK(refused([&](OnnxModel& onnx) {
            for (auto& [key, value] : onnx.metadata)
              if (key == "golden_probabilities") value = text;
          }).empty());
  CHECK(contains(refused([](OnnxModel& onnx) {
                   for (auto& [key, value] : onnx.metadata)
                     if (key == "cvtool.json") value = "[1]";
                 }),
                 "cvtool.json, what it says of itself, is not a JSON object"));
}
