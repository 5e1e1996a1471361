#include "train/probe/probe.h"

#include <ATen/ATen.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <map>

#include "base/error.h"
#include "base/parallel.h"
#include "base/random.h"
#include "base/text.h"
#include "torch/lanes.h"
#include "train/probe/lbfgs.h"
#include "train/probe/probe_loss.h"

namespace cvtool {
namespace {

// How near the optimum, as the gradient's norm where curvatures are at most about 1: of the head, and of the fits that
// only choose the penalty.
constexpr double kFitted = 1e-8, kCompared = 1e-4;

void check_shapes(const ProbeData& data, const ProbeOptions& options) {
  const bool units =
      options.units == 0 || options.units == options.classes || (options.units == 1 && options.classes == 2);
  if (options.classes < 2 || !units || data.features.dim() != 3 || data.features.size(0) == 0)
    throw Error("a probe takes features [N,V,D] of two classes or more");
}

void refuse_unfit(const FeatureMoments& moments) {
  if (moments.mean.isfinite().all().item<bool>() && moments.variance.isfinite().all().item<bool>()) return;
  throw Error(
      "--probe: the base gives features that are not finite (NaN or infinite), so no head can be fitted to them; use "
      "--precision fp32, or another base");
}

at::Tensor all_photos(const ProbeData& data) { return at::arange(data.features.size(0), at::kLong); }

// Asked for in every step of a fit; throws to end it.
using StepCheck = std::function<void()>;

struct FitGoal {
  double l2 = 0, gradient_norm = kFitted;
  const FeatureMoments& moments;
  StepCheck check;
};

// Moves `layer` to the optimum. It is solved for other variables: weights times the features' spread and the bias at
// the features' mean, so that features of every scale and offset converge alike.
void fit(const ProbeLoss& loss, LinearLayer& layer, const FitGoal& goal) {
  const auto rows = static_cast<double>(loss.rows());
  const double curvature = rows == 1 ? 0.25 : (1 - 1 / rows) / rows, bias_scale = std::sqrt(curvature);
  const at::Tensor& mean = goal.moments.mean;
  const at::Tensor scale = (goal.moments.variance * curvature + goal.l2).sqrt();
  const int64_t weights = layer.weight.numel();
  const auto layer_at = [&](const at::Tensor& x) {
    const at::Tensor weight = x.narrow(0, 0, weights).view(layer.weight.sizes()) / scale;
    return LinearLayer{weight, x.narrow(0, weights, loss.rows()) / bias_scale - at::mv(weight, mean)};
  };
  const SmoothFunction function = [&](const at::Tensor& x, at::Tensor& gradient) {
    if (goal.check) goal.check();
    const LinearLayer here = layer_at(x);
    const ProbeLoss::Result result = loss.evaluate(here);
    const LinearLayer& slope = result.gradient;
    gradient = at::cat({((slope.weight - at::outer(slope.bias, mean) + here.weight * goal.l2) / scale).flatten(),
                        slope.bias / bias_scale});
    return result.value + goal.l2 / 2 * here.weight.square().sum().item<double>();
  };
  at::Tensor x = at::cat({(layer.weight * scale).flatten(), (layer.bias + at::mv(layer.weight, mean)) * bias_scale});
  LbfgsOptions options;
  options.gradient_norm = goal.gradient_norm;
  constexpr int64_t kMany = 1'000'000;
  if (x.numel() > kMany) options.history = 8;
  minimize(function, x, options);
  layer = layer_at(x);
}

LinearLayer zero_layer(const ProbeLoss& loss, int64_t features) {
  return {at::zeros({loss.rows(), features}, at::kDouble), at::zeros({loss.rows()}, at::kDouble)};
}

Error interrupted() { return Error("interrupted while fitting the head", ExitCode::kInterrupted); }

void stop_if_asked(Observer* observer) {
  if (observer && observer->stop_requested()) throw interrupted();
}

// Photos' places, by fold. Class by class in the order of a hash, dealt out one after the other, so that each fold has
// its share of each class.
std::vector<std::vector<int64_t>> photos_of_folds(const ProbeData& data, int64_t folds) {
  const at::Tensor first = data.features.select(1, 0).contiguous();
  const auto row_bytes = static_cast<size_t>(first.size(1)) * sizeof(float);
  const auto* labels = data.labels.data_ptr<int64_t>();
  std::vector<std::pair<std::pair<int64_t, uint64_t>, int64_t>> order;
  for (int64_t i = 0; i < first.size(0); ++i)
    order.push_back({{labels[i], Random(0, "fold", 0, data.ids.at(static_cast<size_t>(i))).bits64()}, i});
  std::sort(order.begin(), order.end());
  std::map<uint64_t, size_t> fold_of_content;
  std::vector<std::vector<int64_t>> out(static_cast<size_t>(folds));
  size_t next = 0;
  for (const auto& [key, i] : order) {
    const auto* bytes = reinterpret_cast<const char*>(first.data_ptr<float>() + i * first.size(1));
    const auto [known, is_new] = fold_of_content.emplace(stable_hash({bytes, row_bytes}), next % out.size());
    next += is_new;
    out[known->second].push_back(i);
  }
  out.erase(std::remove_if(out.begin(), out.end(), [](const auto& fold) { return fold.empty(); }), out.end());
  for (std::vector<int64_t>& fold : out) std::sort(fold.begin(), fold.end());
  return out;
}

int64_t number_of_folds(const ProbeData& data, const ProbeOptions& options) {
  constexpr int64_t kFolds = 5, kFewFolds = 3;
  constexpr double kLarge = 1e8;  // products of one pass
  const at::Tensor counts = data.labels.bincount({}, options.classes);
  const auto smallest = counts.masked_select(counts > 0).min().item<int64_t>();
  const double products =
      static_cast<double>(data.features.numel()) * static_cast<double>(options.classes == 2 ? 1 : options.classes);
  return std::clamp(smallest, int64_t{2}, products > kLarge ? kFewFolds : kFolds);
}

// One fold: the photos that its probe is fitted to and those that it is asked about, and the probe as it is.
struct Fold {
  at::Tensor held_out;
  ProbeLoss fitted, asked;
  LinearLayer layer;
};

std::vector<Fold> make_folds(const ProbeData& data, const ProbeOptions& options) {
  const auto photos = photos_of_folds(data, number_of_folds(data, options));
  if (photos.size() < 2)
    throw DataError(
        "--probe: cross-validation holds photos out, and the training photos are all equal or only one; give more "
        "photos, or say --probe-l2");
  std::vector<Fold> folds;
  for (const auto& held_out : photos) {
    at::Tensor rest = at::ones({data.features.size(0)}, at::kBool), places = at::tensor(held_out, at::kLong);
    rest.index_fill_(0, places, false);
    // Weights of the held out do not matter: their probabilities alone are asked for.
    ProbeOptions plain = options;
    plain.class_weights.clear();
    ProbeLoss fitted(data, options, rest.nonzero().squeeze(1), 1);
    LinearLayer layer = zero_layer(fitted, data.features.size(2));
    folds.push_back({places, std::move(fitted), ProbeLoss(data, plain, places, 1), std::move(layer)});
  }
  return folds;
}

// Decades below the features' mean squared distance from their mean, in three digits: what a user may write.
std::vector<double> penalties(const FeatureMoments& moments, const ProbeOptions& options) {
  if (options.l2 > 0) return {options.l2};
  constexpr int kDecades = 7;
  const double spread = moments.variance.sum().item<double>();
  std::vector<double> out;
  for (int i = 0; i < kDecades; ++i)
    out.push_back(std::stod(significant((spread > 0 ? spread : 1) * std::pow(10, -i), 3)));
  return out;
}

class CrossValidator {
 public:
  CrossValidator(const ProbeData& data, const ProbeOptions& options, size_t lanes)
      : data_(data), options_(options), moments_(ProbeLoss(data, options, all_photos(data), lanes).moments()) {
    refuse_unfit(moments_);
    folds_ = make_folds(data, options);
    team_ = team_of_lanes(std::min(lanes, folds_.size()));
    at::Tensor weight = at::ones({data.labels.size(0)}, at::kDouble);
    if (!options.class_weights.empty())
      weight = at::tensor(options.class_weights, at::kDouble).index_select(0, data.labels);
    weight_ = weight / weight.sum();
  }

  CrossValidation run() {
    const std::vector<double> grid = penalties(moments_, options_);
    CrossValidation best;
    best.log_loss = std::numeric_limits<double>::infinity();
    int worse = 0;
    for (size_t i = 0; i < grid.size() && worse < 2; ++i) {
      const CrossValidation now = with_penalty(grid[i], {i, grid.size()});
      worse = now.log_loss < best.log_loss ? 0 : worse + 1;
      if (worse == 0) best = now;
    }
    if (!best.log_probabilities.defined()) throw Error("--probe: the out-of-fold loss is not finite; give --probe-l2");
    return best;
  }

 private:
  struct Turn {
    size_t number, count;
  };

  // Every fold is one thread's, from where the last penalty left its probe.
  CrossValidation with_penalty(double l2, const Turn& turn) {
    std::atomic<bool> stopped{false};
    CrossValidation out;
    out.l2 = l2;
    out.folds = static_cast<int64_t>(folds_.size());
    out.log_probabilities = at::empty({data_.labels.size(0), options_.classes}, at::kDouble);
    const StepCheck check = [&] {
      if (stopped) throw interrupted();
    };
    std::atomic<int64_t> done{0};
    const auto work = [&](size_t i) {
      const at::NoGradGuard no_grad;
      Fold& fold = folds_[i];
      fit(fold.fitted, fold.layer, {l2, kCompared, moments_, check});
      // Each fold has rows of its own.
      out.log_probabilities.index_copy_(0, fold.held_out, fold.asked.log_probabilities(fold.layer));
      ++done;
    };
    // The calling thread watches meanwhile.
    const auto all = [&](size_t) {
      if (team_) return team_->for_each(folds_.size(), work);
      const Lane lane;
      for (size_t i = 0; i < folds_.size(); ++i) work(i);
    };
    for_each_parallel(1, 1, all, [&](int64_t, int64_t) { report(turn, done, stopped); });
    const at::Tensor labels = data_.labels.unsqueeze(1);
    out.log_loss = -out.log_probabilities.gather(1, labels).squeeze(1).mul(weight_).sum().item<double>();
    out.accuracy = out.log_probabilities.argmax(1).eq(data_.labels).to(at::kDouble).mean().item<double>();
    return out;
  }

  void report(const Turn& turn, int64_t done, std::atomic<bool>& stopped) const {
    if (!options_.observer) return;
    const size_t count = folds_.size();
    options_.observer->progress({"Choosing the probe's L2", static_cast<int64_t>(turn.number * count) + done,
                                 static_cast<int64_t>(turn.count * count), std::nan(""), std::nan("")});
    if (!options_.observer->stop_requested()) return;
    stopped = true;
    throw interrupted();
  }

  const ProbeData& data_;
  const ProbeOptions& options_;
  FeatureMoments moments_;
  std::unique_ptr<PartTeam> team_;
  std::vector<Fold> folds_;
  at::Tensor weight_;
};

// Of the second class against the first, as the head's units have it.
Probe probe_from(const LinearLayer& layer, const ProbeOptions& options, double l2) {
  if (options.classes != 2) return {layer.weight, layer.bias - layer.bias.mean(), l2};
  if (options.units == 1) return {layer.weight, layer.bias, l2};
  return {at::cat({layer.weight * -0.5, layer.weight * 0.5}), at::cat({layer.bias * -0.5, layer.bias * 0.5}), l2};
}

}  // namespace

CrossValidation cross_validate(const ProbeData& data, const ProbeOptions& options) {
  check_shapes(data, options);
  const size_t lanes = lane_count();
  const Lane lane;
  const at::NoGradGuard no_grad;
  return CrossValidator(data, options, lanes).run();
}

Probe fit_probe(const ProbeData& data, const ProbeOptions& options) {
  check_shapes(data, options);
  const double l2 = options.l2 > 0 ? options.l2 : cross_validate(data, options).l2;
  const size_t lanes = lane_count();
  const Lane lane;
  const at::NoGradGuard no_grad;
  const ProbeLoss loss(data, options, all_photos(data), lanes);
  const FeatureMoments moments = loss.moments();
  refuse_unfit(moments);
  LinearLayer layer = zero_layer(loss, data.features.size(2));
  fit(loss, layer, {l2, kFitted, moments, [&] { stop_if_asked(options.observer); }});
  return probe_from(layer, options, l2);
}

}  // namespace cvtool
