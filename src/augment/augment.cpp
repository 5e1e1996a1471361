#include "augment/augment.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <optional>

#include "augment/resample.h"
#include "augment/steps.h"
#include "base/error.h"
#include "base/text.h"

namespace cvtool {
namespace {

template <class Work>
struct Named {
  std::string purpose;
  Work work;
};

// One resampling, then one pass of colour, then at most one step of another sort.
struct Stage {
  std::vector<Named<GeometryStep>> geometry;
  std::vector<Named<ColourStep>> colours;
  std::optional<Named<PixelStep>> pixel;

  const Sampling* sampling() const {
    for (const auto& g : geometry)
      if (g.work.samples) return &g.work.sampling;
    return nullptr;
  }
  bool takes(const GeometryStep& step) const {
    if (pixel) return false;
    if (!step.samples) return true;
    // A constant fill put in before the colours would be coloured with the picture.
    if (!colours.empty() && step.sampling.fill == "constant") return false;
    return !sampling() || *sampling() == step.sampling;
  }
  bool takes(const ColourStep&) const { return !pixel; }
  bool takes(const PixelStep&) const { return !pixel; }

  void add(std::string purpose, GeometryStep step) { geometry.push_back({std::move(purpose), std::move(step)}); }
  void add(std::string purpose, ColourStep step) { colours.push_back({std::move(purpose), std::move(step)}); }
  void add(std::string purpose, PixelStep step) { pixel = Named<PixelStep>{std::move(purpose), std::move(step)}; }
};

// Work on single pictures, then the mixing of neighbours.
struct Segment {
  std::vector<Stage> stages;
  std::optional<Named<MixStep>> mix;
};

std::vector<Segment> make_segments(const Json& augment) {
  std::vector<Segment> segments(1);
  for (size_t i = 0; i < augment.size(); ++i) {
    Step step = make_step(augment[i], i);
    const auto put = [&](auto&& work) {
      Segment& segment = segments.back();
      if constexpr (std::is_same_v<std::decay_t<decltype(work)>, MixStep>) {
        segment.mix = Named<MixStep>{step.purpose, work};
        segments.emplace_back();
      } else {
        if (segment.stages.empty() || !segment.stages.back().takes(work)) segment.stages.emplace_back();
        segment.stages.back().add(step.purpose, work);
      }
    };
    std::visit(put, std::move(step.work));
  }
  return segments;
}

ImageSize size_after(const std::vector<Named<GeometryStep>>& steps, ImageSize size) {
  for (const auto& step : steps)
    if (step.work.output_size) size = step.work.output_size(size);
  return size;
}

// The geometric steps of every row as one map. `draw` gives the map of one step of one row.
template <class Draw>
at::Tensor through_geometry(const at::Tensor& pixels, const Stage& stage, const Draw& draw) {
  if (stage.geometry.empty()) return pixels;
  const ImageSize in{pixels.size(2), pixels.size(3)};
  std::vector<Affine> maps;
  for (int64_t row = 0; row < pixels.size(0); ++row) {
    Affine map;
    ImageSize size = in;
    for (const auto& step : stage.geometry) {
      map = compose(map, draw(step, static_cast<size_t>(row), size));
      if (step.work.output_size) size = step.work.output_size(size);
    }
    maps.push_back(map);
  }
  const Sampling* sampling = stage.sampling();
  return resample(pixels, maps, size_after(stage.geometry, in), sampling ? *sampling : Sampling{});
}

at::Tensor through_stage(const at::Tensor& pixels, const Stage& stage, const DrawKeys& keys) {
  auto x = through_geometry(pixels, stage, [&](const Named<GeometryStep>& step, size_t row, ImageSize size) {
    Random random = keys.random(step.purpose, row);
    return step.work.draw(random, size);
  });
  if (!stage.colours.empty()) {
    std::vector<ColourMap> maps(keys.ids.size());
    for (const auto& step : stage.colours)
      for (size_t row = 0; row < maps.size(); ++row) {
        Random random = keys.random(step.purpose, row);
        step.work.draw(random, maps[row]);
      }
    x = apply_colour(as_float(x), maps);
  }
  return stage.pixel ? stage.pixel->work.apply(as_float(x), keys, stage.pixel->purpose) : x;
}

at::Tensor at_rest_through(const at::Tensor& pixels, const Stage& stage) {
  return through_geometry(pixels, stage, [](const Named<GeometryStep>& step, size_t, ImageSize size) {
    return step.work.eval_transform ? step.work.eval_transform(size) : Affine{};
  });
}

// Runs `work(rows, first)` over the pictures and gathers the results in a channels_last tensor. On the CPU
// one picture at a time on all threads: what a picture needs stays in the cache, and its result cannot depend
// on its neighbours.
template <class Work>
at::Tensor by_picture(const at::Tensor& pixels, at::Tensor out, const Work& work) {
  if (!pixels.device().is_cpu()) return out.copy_(work(pixels, 0));
  const bool inference = c10::InferenceMode::is_enabled();
  at::parallel_for(0, pixels.size(0), 1, [&](int64_t begin, int64_t end) {
    const c10::InferenceMode mode(inference);  // threads do not inherit it
    for (int64_t i = begin; i < end; ++i) out.narrow(0, i, 1).copy_(work(pixels.narrow(0, i, 1), i));
  });
  return out;
}

std::vector<uint64_t> joined(std::vector<uint64_t> first, const std::vector<uint64_t>& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

at::Tensor soft_from_hard(const at::Tensor& labels, int64_t classes) {
  auto out = at::zeros({labels.size(0), classes}, labels.options().dtype(at::kFloat));
  return out.scatter_(1, labels.view({-1, 1}), 1.0);
}

// Each row's partner is the next one. Without rows to spare the last row's partner is the first.
AugmentRows mixed(const AugmentRows& rows, const Named<MixStep>& mix, const DrawKeys& keys, bool spare_row) {
  const int64_t count = rows.pixels.size(0) - (spare_row ? 1 : 0);
  const auto partners = [&](const at::Tensor& x) { return spare_row ? x.narrow(0, 1, count) : x.roll({-1}, {0}); };
  std::vector<Random> randoms;
  for (size_t i = 0; i < static_cast<size_t>(count); ++i) randoms.push_back(keys.random(mix.purpose, i));
  const auto own = rows.labels.narrow(0, 0, count);
  Mixture mixture = mix.work.apply(rows.pixels.narrow(0, 0, count), partners(rows.pixels), std::move(randoms));
  const auto fraction = per_row(mixture.fractions, own).view({-1, 1});
  auto labels = own * fraction + partners(rows.labels) * (1 - fraction);
  return {mixture.pixels, labels, {rows.ids.begin(), rows.ids.begin() + count}};
}

void check_rows(const AugmentRows& rows) {
  const auto& p = rows.pixels;
  const bool fits = p.dim() == 4 && (p.size(1) == 3 || p.size(1) == 1) &&
                    (p.scalar_type() == at::kByte || p.scalar_type() == at::kFloat) && rows.labels.dim() == 1 &&
                    rows.labels.size(0) == p.size(0) && static_cast<int64_t>(rows.ids.size()) == p.size(0);
  if (!fits)
    throw Error(
        "augment: needs pixels [N,C,H,W], C 3 or 1, uint8 or float32, N labels and N sample ids; this is a bug in "
        "cvtool");
}

}  // namespace

struct Augmenter::State {
  uint64_t seed = 0;
  int64_t classes = 0;
  bool only_flips = true;
  int64_t mixes = 0;
  std::vector<Segment> segments;

  at::ScalarType type(const at::Tensor& pixels) const { return only_flips ? pixels.scalar_type() : at::kFloat; }

  at::Tensor through(const at::Tensor& pixels, const Segment& segment, const DrawKeys& keys) const {
    ImageSize size{pixels.size(2), pixels.size(3)};
    for (const auto& stage : segment.stages) size = size_after(stage.geometry, size);
    auto out = at::empty({pixels.size(0), pixels.size(1), size.height, size.width},
                         pixels.options().dtype(type(pixels)), at::MemoryFormat::ChannelsLast);
    return by_picture(pixels, out, [&](at::Tensor part, int64_t first) {
      const auto begin = keys.ids.begin() + first;
      const DrawKeys part_keys{keys.seed, keys.epoch, {begin, begin + part.size(0)}};
      for (const auto& stage : segment.stages) part = through_stage(part, stage, part_keys);
      return part;
    });
  }
};

Augmenter::Augmenter(const Json& augment, uint64_t seed, int64_t classes) : state_(std::make_unique<State>()) {
  const Json list = resolve_augment(augment, "augment");
  state_->seed = seed;
  state_->classes = classes;
  state_->segments = make_segments(list);
  for (const auto& entry : list) state_->only_flips &= entry["kind"] == "random_flip";
  for (const auto& segment : state_->segments) state_->mixes += segment.mix.has_value();
  if (state_->mixes > 0 && classes < 2) throw Error("augment: mixup and cutmix need the number of classes, 2 or more");
}
Augmenter::~Augmenter() = default;
Augmenter::Augmenter(Augmenter&&) noexcept = default;
Augmenter& Augmenter::operator=(Augmenter&&) noexcept = default;

bool Augmenter::empty() const { return state_->segments.size() == 1 && state_->segments[0].stages.empty(); }
bool Augmenter::only_flips() const { return state_->only_flips; }
bool Augmenter::soft_labels() const { return state_->mixes > 0; }
int64_t Augmenter::lookahead() const { return state_->mixes; }

ImageSize Augmenter::output_size(ImageSize input) const {
  for (const auto& segment : state_->segments)
    for (const auto& stage : segment.stages) input = size_after(stage.geometry, input);
  return input;
}

AugmentedBatch Augmenter::apply(const AugmentRows& batch, uint64_t epoch, const AugmentRows* following) const {
  check_rows(batch);
  AugmentRows rows = batch;
  int64_t spare = 0;
  if (following && state_->mixes > 0) {
    check_rows(*following);
    if (following->pixels.size(0) != lookahead())
      throw Error("augment: needs " + counted(lookahead(), "following sample") + "; this is a bug in cvtool");
    spare = lookahead();
    rows = {at::cat({batch.pixels, following->pixels}), at::cat({batch.labels, following->labels}),
            joined(batch.ids, following->ids)};
  }
  if (soft_labels()) rows.labels = soft_from_hard(rows.labels, state_->classes);
  for (const auto& segment : state_->segments) {
    const DrawKeys keys{state_->seed, epoch, rows.ids};
    if (!segment.stages.empty()) rows.pixels = state_->through(rows.pixels, segment, keys);
    if (!segment.mix) continue;
    rows.pixels = rows.pixels.to(at::kFloat);
    rows = mixed(rows, *segment.mix, keys, spare-- > 0);
  }
  return {rows.pixels.contiguous(at::MemoryFormat::ChannelsLast), rows.labels};
}

at::Tensor Augmenter::eval_transform(const at::Tensor& pixels) const {
  auto x = pixels;
  for (const auto& segment : state_->segments)
    for (const auto& stage : segment.stages) x = at_rest_through(x, stage);
  return x.to(state_->type(pixels)).contiguous(at::MemoryFormat::ChannelsLast);
}

}  // namespace cvtool
