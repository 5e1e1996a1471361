#include "engine/predict/predict_share.h"

#include <ATen/ATen.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "base/output.h"

namespace cvtool {
namespace {

Json packed(const at::Tensor& numbers) {
  if (!numbers.defined()) return nullptr;
  const at::Tensor values = numbers.contiguous();
  const auto* bytes = static_cast<const uint8_t*>(values.data_ptr());
  return {{"columns", values.size(1)}, {"values", Json::binary(std::vector<uint8_t>(bytes, bytes + values.nbytes()))}};
}

at::Tensor unpacked(const Json& json) {
  if (json.is_null()) return {};
  const auto& bytes = json.at("values").get_binary();
  at::Tensor values = at::empty({static_cast<int64_t>(bytes.size() / sizeof(float))}, at::kFloat)
                          .view({-1, json.at("columns").get<int64_t>()});
  std::memcpy(values.data_ptr(), bytes.data(), bytes.size());
  return values;
}

// What another process says of a group; of none, null.
std::string answers_of(const PhotoGroup* group) {
  Json json;
  if (group) {
    for (const StreamedPhoto& photo : group->photos)
      json["photos"].push_back({photo.source.path, photo.source.error, photo.damage});
    json["probabilities"] = packed(group->prediction.probabilities);
    json["sigmoids"] = packed(group->prediction.sigmoids);
    json["features"] = packed(group->prediction.features);
  }
  const std::vector<uint8_t> bytes = Json::to_msgpack(json);
  return {bytes.begin(), bytes.end()};
}

// Throws Error where the other process has found other photos.
void take_answers(const Json& answers, PhotoGroup* group, const std::string& other) {
  const Json& theirs = answers.is_null() ? Json::array() : answers.at("photos");
  const size_t own = group ? group->photos.size() : 0;
  for (size_t i = 0; i < std::max(own, theirs.size()); ++i) {
    const std::string here = i < own ? group->photos[i].source.path : "nothing more",
                      there = i < theirs.size() ? theirs[i].at(0).get<std::string>() : "nothing more";
    if (here != there)
      throw Error(other + " has found " + printable(there) + " where rank 0 has found " + printable(here) +
                  "; give each machine the same files");
  }
  for (size_t i = 0; i < own; ++i) {
    group->photos[i].source.error = theirs[i].at(1).get<std::string>();
    group->photos[i].damage = theirs[i].at(2).get<std::string>();
  }
  if (!group) return;
  group->prediction.probabilities = unpacked(answers.at("probabilities"));
  group->prediction.sigmoids = unpacked(answers.at("sigmoids"));
  group->prediction.features = unpacked(answers.at("features"));
}

const PredictRequest& without_live_photos(const PredictRequest& request) {
  if (is_live({request.inputs, '\n', request.stdin_image, request.watch}))
    throw UsageError(
        "--watch, --stdin-image and paths on standard input work in one process; name files or folders, or start it "
        "once");
  return request;
}

}  // namespace

SharedGroups::SharedGroups(const AskedModel& opened, const PredictRequest& request, Ranks& ranks)
    : ranks_(ranks), groups_(opened, without_live_photos(request), ranks.rank(), ranks.size()) {}

bool SharedGroups::next(std::vector<PhotoGroup>& round, Observer& observer) {
  round.clear();
  if (ended_) return false;
  while (round.size() < ranks_.size() && !ended_) {
    PhotoGroup group;
    const Got got = groups_.next(group);
    if (observer.stop_requested()) throw Error("interrupted", ExitCode::kInterrupted);
    if (got == Got::kItem) round.push_back(std::move(group));
    ended_ = got == Got::kEnd;
  }
  const auto of_rank = [&](size_t rank) { return rank < round.size() ? &round[rank] : nullptr; };
  const std::vector<std::string> answers = ranks_.to_first(answers_of(of_rank(ranks_.rank())));
  for (size_t rank = 1; rank < answers.size(); ++rank)
    take_answers(Json::from_msgpack(answers[rank]), of_rank(rank), ranks_.name_of(rank));
  return true;
}

}  // namespace cvtool
