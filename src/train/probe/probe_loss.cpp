#include "train/probe/probe_loss.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "base/error.h"
#include "base/machine.h"
#include "parts/scope.h"
#include "torch/lanes.h"

namespace cvtool {
namespace {

// Rows that are converted to float64 at a time: about a megabyte, which stays in the core's cache.
int64_t rows_of_block(int64_t features) {
  constexpr int64_t kValues = 131'072, kFewest = 16, kMost = 512;
  return std::clamp(kValues / std::max<int64_t>(features, 1), kFewest, kMost);
}

// A constant of the data: whoever computes a part, the sums are the same.
int64_t number_of_parts(int64_t rows) {
  constexpr int64_t kMostParts = 16, kFewestRows = 256;
  return std::clamp((rows + kFewestRows - 1) / kFewestRows, int64_t{1}, kMostParts);
}

at::Tensor logits_of(const at::Tensor& x, const LinearLayer& layer) {
  if (layer.weight.size(0) == 1) return at::mv(x, layer.weight[0]).add_(layer.bias).unsqueeze(1);
  return at::addmm(layer.bias, x, layer.weight.t());
}

}  // namespace

std::unique_ptr<PartTeam> team_of_lanes(size_t lanes) {
  if (affordable_threads(lanes) < lanes) return nullptr;
  return std::make_unique<PartTeam>(lanes, lanes, [](const std::function<void()>& life) {
    const Lane lane;
    life();
  });
}

ProbeLoss::ProbeLoss(const ProbeData& data, const ProbeOptions& options, at::Tensor photos, size_t lanes)
    : data_(data),
      classes_(options.classes),
      smoothing_(options.label_smoothing),
      photos_(std::move(photos)),
      all_(photos_.size(0) == data.features.size(0)) {
  const at::NoGradGuard no_grad;
  const at::Tensor labels = data.labels.index_select(0, photos_);
  photo_weight_ = options.class_weights.empty()
                      ? at::ones(labels.sizes(), at::kDouble)
                      : at::tensor(options.class_weights, at::kDouble).index_select(0, labels);
  const double total = photo_weight_.sum().item<double>();
  if (!(total > 0))
    throw DataError("--probe: no photo that the head could be fitted to has a weight; see --class-weights");
  photo_weight_ = photo_weight_ / total;
  if (lanes > 1) team_ = team_of_lanes(lanes);
}

ProbeLoss::Rows ProbeLoss::rows_of(int64_t begin, int64_t end) const {
  const int64_t forms = data_.features.size(1), count = end - begin;
  const at::Tensor places = photos_.narrow(0, begin, count);
  const at::Tensor x = all_ ? data_.features.narrow(0, begin, count) : data_.features.index_select(0, places);
  const at::Tensor labels = all_ ? data_.labels.narrow(0, begin, count) : data_.labels.index_select(0, places);
  return {x.reshape({count * forms, -1}).to(at::kDouble), labels.repeat_interleave(forms),
          photo_weight_.narrow(0, begin, count).div(static_cast<double>(forms)).repeat_interleave(forms)};
}

at::Tensor ProbeLoss::sum_over_rows(const std::function<at::Tensor(const Rows&)>& block) const {
  const int64_t photos = photos_.size(0), forms = data_.features.size(1);
  const int64_t parts = std::min(number_of_parts(photos * forms), photos);
  const int64_t step = std::max<int64_t>(1, rows_of_block(data_.features.size(2)) / forms);
  std::vector<at::Tensor> sums(static_cast<size_t>(parts));
  const auto compute_part = [&](size_t i) {
    const at::NoGradGuard no_grad;
    const auto part = static_cast<int64_t>(i);
    const int64_t end = photos * (part + 1) / parts;
    for (int64_t begin = photos * part / parts; begin < end; begin += step) {
      const at::Tensor term = block(rows_of(begin, std::min(end, begin + step)));
      sums[i].defined() ? sums[i].add_(term) : sums[i] = term;
    }
  };
  if (team_ && parts > 1) {
    team_->for_each(sums.size(), compute_part);
  } else {
    for (size_t i = 0; i < sums.size(); ++i) compute_part(i);
  }
  return tree_sum(std::move(sums));
}

// [n]: each row's loss; the residuals [n,rows] are its derivatives by the logits.
at::Tensor ProbeLoss::loss_and_residuals(const LinearLayer& layer, const Rows& rows, at::Tensor& residuals) const {
  const at::Tensor z = logits_of(rows.x, layer);
  const double spread = smoothing_ / static_cast<double>(classes_);
  if (classes_ == 2) {
    const at::Tensor logit = z.squeeze(1), target = rows.labels.to(at::kDouble) * (1 - smoothing_) + spread;
    residuals = (logit.sigmoid() - target).unsqueeze(1);
    return logit.clamp_min(0) - logit * target + logit.abs().neg_().exp_().log1p_();
  }
  const at::Tensor log_p = at::log_softmax(z, 1), label = rows.labels.unsqueeze(1);
  residuals = log_p.exp().sub_(spread);
  residuals.scatter_add_(1, label, at::full_like(label, smoothing_ - 1, at::kDouble));
  return log_p.gather(1, label).squeeze(1) * (smoothing_ - 1) - log_p.sum(1) * spread;
}

ProbeLoss::Result ProbeLoss::evaluate(const LinearLayer& layer) const {
  // One row: gradient of the weights, of the biases, and the value.
  const at::Tensor sum = sum_over_rows([&](const Rows& rows) {
    at::Tensor residuals;
    const at::Tensor loss = at::dot(loss_and_residuals(layer, rows, residuals), rows.weight);
    residuals.mul_(rows.weight.unsqueeze(1));
    const at::Tensor slopes =
        residuals.size(1) == 1 ? at::mv(rows.x.t(), residuals.squeeze(1)) : at::mm(residuals.t(), rows.x).flatten();
    return at::cat({slopes, residuals.sum(0), loss.unsqueeze(0)});
  });
  const int64_t count = layer.weight.numel();
  return {sum[-1].item<double>(),
          {sum.narrow(0, 0, count).view(layer.weight.sizes()), sum.narrow(0, count, layer.bias.numel())}};
}

FeatureMoments ProbeLoss::moments() const {
  const at::Tensor sum = sum_over_rows([](const Rows& rows) {
    const at::Tensor weight = rows.weight;
    return at::stack({at::mv(rows.x.t(), weight), at::mv(rows.x.square().t(), weight)});
  });
  return {sum[0], (sum[1] - sum[0].square()).clamp_min(0)};
}

at::Tensor ProbeLoss::log_probabilities(const LinearLayer& layer) const {
  const int64_t photos = photos_.size(0), step = rows_of_block(data_.features.size(2));
  std::vector<at::Tensor> parts;
  for (int64_t begin = 0; begin < photos; begin += step) {
    const at::Tensor places = photos_.narrow(0, begin, std::min(step, photos - begin));
    const at::Tensor z = logits_of(data_.features.select(1, 0).index_select(0, places).to(at::kDouble), layer);
    parts.push_back(classes_ == 2 ? at::cat({at::log_sigmoid(-z), at::log_sigmoid(z)}, 1) : at::log_softmax(z, 1));
  }
  return at::cat(parts);
}

}  // namespace cvtool
