// Geometry as matrices: where an output pixel reads its value, and the random draws of the geometric kinds.
#pragma once

#include <optional>

#include "base/random.h"
#include "spec/augment_kinds.h"

namespace cvtool {

// Maps an output pixel to the place in the input that it is read from, both in pixels with the centre of the
// first pixel at (0, 0) and y pointing down:  x_in = xx*x + xy*y + x0,  y_in = yx*x + yy*y + y0.
struct Affine {
  double xx = 1, xy = 0, x0 = 0;
  double yx = 0, yy = 1, y0 = 0;
};

// The step `first`, then the step `second`, as one: reading through `second`, then through `first`.
Affine compose(const Affine& first, const Affine& second);

// A map that moves pixels only: the output is the part of the input that begins at (left, top), then
// mirrored.
struct Move {
  int64_t left = 0, top = 0;
  bool mirror_x = false, mirror_y = false;
};
inline bool operator==(const Move& a, const Move& b) {
  return a.left == b.left && a.top == b.top && a.mirror_x == b.mirror_x && a.mirror_y == b.mirror_y;
}

// `map` as a move, where it is one that stays inside an input of size `in`.
std::optional<Move> as_move(const Affine& map, ImageSize in, ImageSize out);

// A picture's draw of each kind. `in` is the size of the picture that the step is given.
Affine draw_affine(const RandomFlip& params, Random& random, ImageSize in);
Affine draw_affine(const RandomRotation& params, Random& random, ImageSize in);
Affine draw_affine(const RandomZoom& params, Random& random, ImageSize in);
Affine draw_affine(const RandomTranslation& params, Random& random, ImageSize in);
Affine draw_affine(const RandomShear& params, Random& random, ImageSize in);
Affine draw_affine(const RandomCrop& params, Random& random, ImageSize in);
Affine draw_affine(const RandomResizedCrop& params, Random& random, ImageSize in);

// Turns counter-clockwise, as seen, by `turns` about the centre ((W-1)/2, (H-1)/2).
Affine rotation(double turns, ImageSize in);

// The middle of the picture, as random_crop takes it outside of training.
Affine centre_crop(const RandomCrop& params, ImageSize in);

}  // namespace cvtool
