#include "augment/variants.h"

#include <ATen/ATen.h>

#include "augment/affine.h"
#include "augment/resample.h"
#include "augment/steps.h"

namespace cvtool {
namespace {

Json test_time_list(const Json& augment, bool may_mirror) {
  Json out = Json::array();
  for (const auto& entry : resolve_augment(augment, "augment"))
    if (entry["kind"] != "mixup" && entry["kind"] != "cutmix" && entry["kind"] != "random_erasing")
      out.push_back(entry);
  if (!out.empty()) return out;
  return parse_augment_text(std::string(may_mirror ? "flip=horizontal," : "") + "zoom=0.1,translation=0.05");
}

}  // namespace

FlipOutcomes::FlipOutcomes(const Json& augment, uint64_t seed) : seed_(seed) {
  const Json list = resolve_augment(augment, "augment");
  for (size_t i = 0; i < list.size(); ++i) {
    if (list[i]["kind"] != "random_flip") {
      count_ = 0;
      return;
    }
    const RandomFlip params{list[i]["mode"].get<std::string>()};
    horizontal_ |= params.mode != "vertical";
    vertical_ |= params.mode != "horizontal";
    flips_.push_back({make_step(list[i], i).purpose, params});
  }
  count_ = (horizontal_ ? 2 : 1) * (vertical_ ? 2 : 1);
}

int64_t FlipOutcomes::index(uint64_t sample_id, uint64_t epoch) const {
  bool mirror_x = false, mirror_y = false;
  for (const auto& flip : flips_) {
    Random random(seed_, flip.purpose, epoch, sample_id);
    const Affine map = draw_affine(flip.params, random, {1, 1});
    mirror_x ^= map.xx < 0;
    mirror_y ^= map.yy < 0;
  }
  return (mirror_x ? 1 : 0) + (mirror_y ? (horizontal_ ? 2 : 1) : 0);
}

at::Tensor FlipOutcomes::pixels(const at::Tensor& pixels, int64_t index) const {
  const Move move{0, 0, horizontal_ && index % 2 == 1, vertical_ && index >= (horizontal_ ? 2 : 1)};
  return move_pixels(pixels, move, {pixels.size(2), pixels.size(3)}).contiguous(at::MemoryFormat::ChannelsLast);
}

TestTimeVariants::TestTimeVariants(const TtaPlan& plan, const Json& augment, uint64_t seed, bool may_mirror)
    : plan_(plan), augmenter_(test_time_list(augment, may_mirror), seed) {}

at::Tensor TestTimeVariants::variant(const at::Tensor& pixels, const std::vector<uint64_t>& ids, int64_t index) const {
  if (index == 0) return augmenter_.eval_transform(pixels);
  if (plan_.flip) return augmenter_.eval_transform(pixels).flip({3}).contiguous(at::MemoryFormat::ChannelsLast);
  const auto no_labels = at::zeros({pixels.size(0)}, pixels.options().dtype(at::kLong));
  return augmenter_.apply({pixels, no_labels, ids}, static_cast<uint64_t>(index)).pixels;
}

}  // namespace cvtool
