#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "engine/jobs.h"
#include "model/model_file.h"
#include "onnx/onnx_seal.h"
#include "run/run_directory.h"
#include "torch/device.h"

namespace cvtool {
namespace {

VerifyCheck digest_check(const std::string& stored, const std::string& computed) {
  if (stored.empty()) return {"digest", false, "the file carries none: written by something else than this cvtool"};
  return {"digest", stored == computed,
          stored == computed ? stored : "the file says " + stored + ", its content gives " + computed};
}

VerifyCheck golden_check(double difference) {
  return {"golden sample", difference >= 0 && difference <= kGoldenTolerance,
          difference < 0 ? "the file carries none" : "probabilities differ by at most " + fixed(difference, 7)};
}

Json claims_of(const Json& info) {
  Json claims = Json::object();
  for (const char* key : {"classes", "imgsz", "metrics", "data", "provenance", "export"})
    if (info.contains(key)) claims[key] = info[key];
  // What is to know the training data again is of no use to people.
  if (claims.contains("data") && claims["data"].is_object()) claims["data"].erase("marks");
  if (info.contains("recipe") && info["recipe"].is_object()) claims["recipe"] = info["recipe"].value("name", Json());
  return claims;
}

VerifyResult verify_model(const std::string& path) {
  prepare_process(0);
  // What load_model checks throws; it says what is wrong.
  const ModelFile model = load_model(path);
  const bool weights = model.form == ModelForm::kWeights;
  VerifyCheck digest = digest_check(model.digest, model.digest);
  if (weights && model.digest.empty()) digest.detail = "the file carries none, as those of 0.1.0; export it again";
  return {path,
          "model",
          claims_of(model.info),
          {{"container", true, weights ? "its tensors fill it, and are those of its net" : "every checksum matches"},
           digest,
           golden_check(golden_difference(model))}};
}

// A graph whose bytes are not those that were written is looked at, never run.
VerifyResult checked_onnx(const std::string& path, const std::string& bytes) {
  const OnnxModel model = onnx_from_bytes(bytes);
  const OnnxSeal seal = onnx_seal(bytes);
  const std::string text = onnx_metadata(model, "cvtool.json");
  const Json info = text.empty() ? Json::object() : Json::parse(text, nullptr, /*allow_exceptions=*/false);
  VerifyResult result{path, "onnx", claims_of(info), {}};
  result.checks = {
      {"container", seal.whole, seal.whole ? "as cvtool writes it" : "holds bytes that cvtool does not write"},
      digest_check(seal.stored, seal.computed)};
  if (!result.good()) {
    result.checks.push_back({"golden sample", false, "not run, since the file is not as it was written"});
    return result;
  }
  if (!info.is_object()) throw Error("cvtool.json, what it says of itself, is not a JSON object");
  prepare_process(0);
  // A backbone has no golden sample.
  const double difference = onnx_golden_difference(model);
  if (difference >= 0 || !info.empty()) result.checks.push_back(golden_check(difference));
  return result;
}

VerifyResult verify_onnx(const std::string& path) {
  const std::string bytes = read_file(path);
  try {
    return checked_onnx(path, bytes);
  } catch (const Error& error) {
    throw Error(path + ": is truncated, damaged or not an ONNX file of cvtool (" + error.what() + "); export it again");
  }
}

}  // namespace

VerifyResult verify_job(const VerifyRequest& request) {
  return ends_with(lower(request.file), ".onnx") ? verify_onnx(request.file) : verify_model(model_path(request.file));
}

}  // namespace cvtool
