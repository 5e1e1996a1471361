#include <ATen/ATen.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <new>
#include <numeric>
#include <opencv2/core.hpp>
#include <optional>

#include "base/error.h"
#include "base/output.h"
#include "engine/company.h"
#include "engine/jobs.h"
#include "engine/predict/predict_files.h"
#include "engine/predict/predict_groups.h"
#include "engine/predict/predict_share.h"
#include "evaluate/known_photos.h"
#include "evaluate/opened_model.h"
#include "metrics/conformal.h"
#include "model/weights/sha256.h"
#include "run/run_directory.h"
#include "run/share.h"

namespace cvtool {
namespace {

std::vector<size_t> ranked(const std::vector<double>& probabilities) {
  std::vector<size_t> order(probabilities.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return probabilities[a] > probabilities[b]; });
  return order;
}

// What the model is asked about its own limits.
struct Limits {
  std::optional<KnownFeatures> known;  // --unknown
  std::optional<double> least;         // --coverage: the probability from which on a class is possible
};

// Throws UsageError where the model cannot say.
Limits limits_of(const AskedModel& opened, const PredictRequest& request) {
  const PredictOptions& options = request.options;
  Limits limits;
  if (options.unknown) limits.known = known_features_for(opened.info, opened.path, *options.unknown);
  if (options.coverage)
    limits.least =
        least_probability(coverage_for(opened.info, opened.path, *options.coverage).right, *options.coverage);
  if (limits.least && request.tta.variants > 1)
    throw UsageError("--coverage: the model was calibrated by what it says of each photo as it is; leave --tta out");
  return limits;
}

// What is said of the photos.
class Answers {
 public:
  Answers(const AskedModel& opened, const PredictRequest& request, const PredictSink& sink)
      : request_(request),
        sink_(sink),
        classes_(model_classes(opened.info)),
        limits_(limits_of(opened, request)),
        files_(request.options, classes_, decode_options(opened.recipe.data, request.run)) {
    if (request.options.raw && !opened.predictor.net().has_sigmoids())
      throw UsageError(
          "--raw: the model has no head of several sigmoid units (or is of an earlier version); leave it out");
    sink_.begin(classes_);
  }

  void add(const PhotoGroup& group) {
    const Prediction& p = group.prediction;
    int64_t row = 0;
    for (const StreamedPhoto& photo : group.photos) {
      if (!photo.damage.empty())
        spdlog::warn("{}: damaged, used as far as it can be decoded: {}", printable(photo.source.path), photo.damage);
      if (!photo.source.error.empty()) {
        answer(photo, {});
        continue;
      }
      answer(photo,
             {numbers_of(p.probabilities[row]), numbers_of((request_.options.raw ? p.sigmoids : p.probabilities)[row]),
              limits_.known ? familiarity_of(p.features, row) : std::optional<Familiarity>()});
      ++row;
    }
    answered_ += static_cast<int64_t>(group.photos.size());
  }

  int64_t failed() const { return failed_; }
  int64_t answered() const { return answered_; }

 private:
  // Of one photo; both are empty where it could not be read.
  struct Answer {
    std::vector<double> probabilities, shown;  // what decides, and what is told
    std::optional<Familiarity> familiarity;
  };

  static std::vector<double> numbers_of(const at::Tensor& row) {
    return {row.data_ptr<float>(), row.data_ptr<float>() + row.numel()};
  }

  Familiarity familiarity_of(const at::Tensor& features, int64_t row) const {
    const double distance = distance_of(*limits_.known, features.defined() ? features[row] : features),
                 usual = familiarity(limits_.known->distances, distance);
    return {usual <= *request_.options.unknown, usual, distance};
  }

  // How many of the classes, by falling probability, are possible.
  size_t possible(const std::vector<double>& probabilities, const std::vector<size_t>& order) const {
    std::vector<double> falling;
    for (const size_t k : order) falling.push_back(probabilities[k]);
    return possible_count(falling, *limits_.least);
  }

  void answer(const StreamedPhoto& photo, const Answer& answer) {
    ImageResult result;
    result.path = photo.source.path;
    result.error = photo.source.error;
    if (!std::all_of(answer.probabilities.begin(), answer.probabilities.end(),
                     [](double p) { return std::isfinite(p); })) {
      result.error = "the model gives it no probabilities (NaN); its weights are damaged";
    } else if (!answer.probabilities.empty()) {
      result.probabilities = answer.shown;
      result.ranked = ranked(answer.probabilities);
      const size_t best = result.ranked.at(0);
      result.label = answer.probabilities[best] < request_.options.threshold ? kUnknownClass : classes_[best];
      result.familiarity = answer.familiarity;
      if (limits_.least) result.possible = possible(answer.probabilities, result.ranked);
      result.error = add_files(photo.source, result);
    }
    failed_ += !result.error.empty();
    sink_.image(result);
  }

  // Why this photo has no files that it should have; empty where all is well. The photo may have gone since it was
  // read.
  std::string add_files(const PhotoSource& source, const ImageResult& result) const {
    try {
      files_.add(source, result);
      return "";
    } catch (const DataError& error) {
      return error.what();
    } catch (const cv::Exception& error) {
      return "cannot be drawn: " + error.err;
    } catch (const std::bad_alloc&) {
      return "needs more memory than there is";
    }
  }

  const PredictRequest& request_;
  const PredictSink& sink_;
  std::vector<std::string> classes_;
  Limits limits_;
  PredictFiles files_;
  int64_t failed_ = 0, answered_ = 0;
};

int64_t predict_alone(const PredictRequest& request, const PredictSink& sink, Observer& observer) {
  const AskedModel opened = ask_model(request.model, request.precision, request.run, request.tta);
  if (request.model.empty()) spdlog::info("the model is {}", newest_model_text());
  Answers answers(opened, request, sink);
  PhotoGroups groups(opened, request);
  PhotoGroup group;
  for (Got got = Got::kItem; got != Got::kEnd && !observer.stop_requested();) {
    got = groups.next(group);
    if (got == Got::kItem) answers.add(group);
    observer.progress({"Predicting", answers.answered(), 0, std::nan(""), std::nan("")});
  }
  return answers.failed();
}

// Rank 0 alone answers, in the order of the photos.
int64_t predict_together(const PredictRequest& request, const PredictSink& sink, Ranks& ranks, Observer& observer) {
  check_same_program(ranks);
  const AskedModel opened = ask_model(request.model, request.precision, request.run, request.tta);
  ranks.check_same(sha256_of_file(opened.path), "the models", "give each machine the same file");
  if (request.model.empty()) spdlog::info("the model is {}", newest_model_text());
  std::optional<Answers> answers;
  if (ranks.is_first()) answers.emplace(opened, request, sink);
  SharedGroups groups(opened, request, ranks);
  for (std::vector<PhotoGroup> round; groups.next(round, observer);) {
    if (!answers) continue;
    for (const PhotoGroup& group : round) answers->add(group);
    observer.progress({"Predicting", answers->answered(), 0, std::nan(""), std::nan("")});
  }
  return answers ? answers->failed() : 0;
}

}  // namespace

int64_t predict_job(const PredictRequest& request, const PredictSink& sink, Observer& observer) {
  int64_t failed = 0;
  in_company(request.company.dist_timeout, observer, [&](Ranks* ranks, Observer& shared) {
    if (!ranks) {
      failed = predict_alone(request, sink, shared);
      return;
    }
    PredictRequest own = request;
    share_machine(own.run, *ranks);
    failed = predict_together(own, sink, *ranks, shared);
  });
  return failed;
}

}  // namespace cvtool
