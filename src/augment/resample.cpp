#include "augment/resample.h"

#include <ATen/ATen.h>

#include "torch/transfer.h"

namespace cvtool {
namespace {

constexpr int64_t kBilinear = 0, kNearest = 1;  // grid_sampler's numbers
constexpr int64_t kZeros = 0, kBorder = 1, kReflection = 2;

// grid_sampler wants coordinates in which the picture spans -1..1. An affine map then is the sum of a row and
// a column, which are worked out in double: all pixels of a column share one rounding, whatever the batch.
struct GridParts {
  at::Tensor rows, columns;  // [N,1,w] and [N,h,1], f32
};

GridParts grid_parts(const std::vector<std::array<double, 3>>& coefficients, ImageSize out, const at::Tensor& like) {
  const auto n = static_cast<int64_t>(coefficients.size());
  GridParts parts{at::empty({n, 1, out.width}, at::kFloat), at::empty({n, out.height, 1}, at::kFloat)};
  auto* row = parts.rows.data_ptr<float>();
  auto* column = parts.columns.data_ptr<float>();
  for (const auto& [x, y, constant] : coefficients) {
    for (int64_t i = 0; i < out.width; ++i) *row++ = static_cast<float>(x * static_cast<double>(i));
    for (int64_t i = 0; i < out.height; ++i) *column++ = static_cast<float>(y * static_cast<double>(i) + constant);
  }
  return {sent(parts.rows, like.device()), sent(parts.columns, like.device())};
}

// A coordinate in 0..n of normalised units, modulo n. The small shift keeps a coordinate that is a hair below
// an integer of pictures at the first pixel.
void wrap_around(at::Tensor coordinate, int64_t size) {
  const double half_pixel = 1.0 / static_cast<double>(size);
  coordinate.sub_(coordinate.add(1 - half_pixel * 0.9998).mul_(0.5).floor_().mul_(2));
}

at::Tensor sampling_grid(const std::vector<Affine>& maps, ImageSize in, ImageSize out, const at::Tensor& like) {
  std::vector<std::array<double, 3>> x, y;
  const double wx = 2.0 / static_cast<double>(in.width), wy = 2.0 / static_cast<double>(in.height);
  for (const auto& m : maps) {
    x.push_back({m.xx * wx, m.xy * wx, (m.x0 + 0.5) * wx - 1});
    y.push_back({m.yx * wy, m.yy * wy, (m.y0 + 0.5) * wy - 1});
  }
  // Two planes: x and y side by side would be written five times slower, and are read no faster.
  auto planes = at::empty({2, static_cast<int64_t>(maps.size()), out.height, out.width}, like.options());
  const auto px = grid_parts(x, out, like), py = grid_parts(y, out, like);
  auto gx = planes.select(0, 0), gy = planes.select(0, 1);
  at::add_out(gx, px.columns, px.rows);
  at::add_out(gy, py.columns, py.rows);
  return planes.permute({1, 2, 3, 0});
}

at::Tensor sample(const at::Tensor& pixels, const std::vector<Affine>& maps, ImageSize size, const Sampling& sampling) {
  const ImageSize in{pixels.size(2), pixels.size(3)};
  const auto source = pixels.to(at::kFloat);  // in its memory format: a copy would cost more than it gains
  auto grid = sampling_grid(maps, in, size, source);
  if (sampling.fill == "wrap") {
    wrap_around(grid.select(3, 0), in.width);
    wrap_around(grid.select(3, 1), in.height);
  }
  const int64_t how = sampling.interpolation == "nearest" ? kNearest : kBilinear;
  if (sampling.fill == "constant") {
    const double value = sampling.fill_value;
    auto out = at::grid_sampler(value == 0 ? source : source - value, grid, how, kZeros, false);
    return out.add_(value).clamp_(0, 255);
  }
  const int64_t border = sampling.fill == "reflect" ? kReflection : kBorder;
  return at::grid_sampler(source, grid, how, border, false).clamp_(0, 255);
}

std::vector<Affine> chosen(const std::vector<Affine>& maps, const std::vector<int64_t>& rows) {
  std::vector<Affine> out;
  for (int64_t row : rows) out.push_back(maps[static_cast<size_t>(row)]);
  return out;
}

// Rows that share a move.
struct MovedRows {
  Move move;
  std::vector<int64_t> rows;
};

struct Plan {
  std::vector<MovedRows> moved;
  std::vector<int64_t> resampled;
};

Plan make_plan(const std::vector<Affine>& maps, ImageSize in, ImageSize out) {
  Plan plan;
  for (size_t i = 0; i < maps.size(); ++i) {
    const auto move = as_move(maps[i], in, out);
    if (!move) {
      plan.resampled.push_back(static_cast<int64_t>(i));
      continue;
    }
    const auto same = [&](const MovedRows& m) { return m.move == *move; };
    auto group = std::find_if(plan.moved.begin(), plan.moved.end(), same);
    if (group == plan.moved.end()) group = plan.moved.insert(group, MovedRows{*move, {}});
    group->rows.push_back(static_cast<int64_t>(i));
  }
  return plan;
}

}  // namespace

at::Tensor as_float(const at::Tensor& pixels) { return pixels.to(at::kFloat).contiguous(); }

at::Tensor per_row(const std::vector<double>& values, const at::Tensor& like) {
  auto column = at::empty({static_cast<int64_t>(values.size()), 1, 1, 1}, at::kFloat);
  std::copy(values.begin(), values.end(), column.data_ptr<float>());
  return sent(column, like.device());
}

at::Tensor on_rows(const at::Tensor& pixels, const std::vector<int64_t>& rows,
                   const std::function<at::Tensor(const at::Tensor&)>& change) {
  if (rows.empty()) return pixels;
  if (static_cast<int64_t>(rows.size()) == pixels.size(0)) return change(pixels);
  const auto index = sent(at::tensor(rows, at::kLong), pixels.device());
  return pixels.index_copy(0, index, change(pixels.index_select(0, index)));
}

at::Tensor move_pixels(const at::Tensor& pixels, const Move& move, ImageSize size) {
  auto part = pixels.narrow(2, move.top, size.height).narrow(3, move.left, size.width);
  if (move.mirror_x && move.mirror_y) return part.flip({2, 3});
  if (move.mirror_x) return part.flip({3});
  if (move.mirror_y) return part.flip({2});
  return part;
}

at::Tensor resample(const at::Tensor& pixels, const std::vector<Affine>& maps, ImageSize size,
                    const Sampling& sampling) {
  const Plan plan = make_plan(maps, {pixels.size(2), pixels.size(3)}, size);
  if (plan.moved.empty()) return sample(pixels, maps, size, sampling);
  if (plan.resampled.empty() && plan.moved.size() == 1) return move_pixels(pixels, plan.moved[0].move, size);
  const auto type = plan.resampled.empty() ? pixels.scalar_type() : at::kFloat;
  auto out = at::empty({pixels.size(0), pixels.size(1), size.height, size.width}, pixels.options().dtype(type));
  const auto put = [&](const std::vector<int64_t>& rows, const auto& change) {
    const auto index = sent(at::tensor(rows, at::kLong), pixels.device());
    out.index_copy_(0, index, change(pixels.index_select(0, index)).to(type));
  };
  for (const auto& group : plan.moved)
    put(group.rows, [&](const at::Tensor& part) { return move_pixels(part, group.move, size); });
  if (!plan.resampled.empty())
    put(plan.resampled,
        [&](const at::Tensor& part) { return sample(part, chosen(maps, plan.resampled), size, sampling); });
  return out;
}

}  // namespace cvtool
