#include "train/weight_average.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace cvtool {

void WeightAverage::follow(const NamedTensors& weights, const NamedTensors& kept) {
  if (decay_ == 0) return;
  at::NoGradGuard no_grad;
  std::vector<Entry> entries;
  for (const auto& [name, weight] : weights) {
    if (!weight.is_floating_point()) continue;  // a counter
    const auto known = std::find_if(entries_.begin(), entries_.end(),
                                    [&wanted = name](const Entry& entry) { return entry.name == wanted; });
    const at::Tensor* stored = find_tensor(kept, "average/" + name);
    if (known != entries_.end())
      entries.push_back({name, weight, known->average});
    else
      entries.push_back({name, weight, stored ? at::empty_like(weight).copy_(*stored) : weight.detach().clone()});
  }
  entries_ = std::move(entries);
}

void WeightAverage::update(int64_t updates) {
  if (decay_ == 0) return;
  at::NoGradGuard no_grad;
  const auto n = static_cast<double>(updates);
  const double decay = std::min(decay_, (1 + n) / (10 + n));
  for (Entry& entry : entries_) entry.average.lerp_(entry.weight.detach(), 1 - decay);
}

void WeightAverage::start_again() {
  at::NoGradGuard no_grad;
  for (Entry& entry : entries_) entry.average.copy_(entry.weight.detach());
}

void WeightAverage::save(NamedTensors& tensors) const {
  for (const Entry& entry : entries_) tensors.emplace_back("average/" + entry.name, entry.average);
}

WeightAverage::InPlace::InPlace(const WeightAverage& average) : average_(average) {
  at::NoGradGuard no_grad;
  for (const Entry& entry : average_.entries_) {
    own_.push_back(entry.weight.detach().clone());
    entry.weight.detach().copy_(entry.average);
  }
}

WeightAverage::InPlace::~InPlace() {
  at::NoGradGuard no_grad;
  for (size_t i = 0; i < own_.size(); ++i) average_.entries_[i].weight.detach().copy_(own_[i]);
}

}  // namespace cvtool
