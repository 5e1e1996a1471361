// Colour steps: the affine ones as one map of RGB, and the hue.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "base/random.h"
#include "spec/augment_kinds.h"

namespace cvtool {

// Any run of brightness, contrast, saturation and grayscale is, for one picture,
//   y_c = own * x_c + grey * L(x) + mean * m_c + mean_grey * L(m) + constant
// where L = 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601) and m is the picture's mean of each channel. So a run
// takes one pass, and clips to 0..255 once, at its end. Each member function puts one more step behind the
// run.
struct ColourMap {
  double own = 1, grey = 0, mean = 0, mean_grey = 0, constant = 0;

  void contrast(double c);             // (x - mean) * c + mean, mean of each channel
  void contrast_about_grey(double c);  // the same about the one mean of the grey picture (torchvision)
  void brightness(double added);       // x + added
  void multiply(double factor);        // x * factor
  void saturation(double s);           // L(x) + (x - L(x)) * s
  bool is_identity() const;
};

// The same for a grey picture, which is its own L.
ColourMap grey_map(const ColourMap& map);

// Puts a picture's draw behind `map`.
void draw_colour(const RandomContrast& params, Random& random, ColourMap& map);
void draw_colour(const RandomBrightness& params, Random& random, ColourMap& map);
void draw_colour(const RandomSaturation& params, Random& random, ColourMap& map);
void draw_colour(const RandomGrayscale& params, Random& random, ColourMap& map);

// pixels [N,C,H,W] f32 contiguous, C 3 or 1, one map a row -> the same, clipped to 0..255. The tensor itself where all
// maps are the identity.
at::Tensor apply_colour(const at::Tensor& pixels, const std::vector<ColourMap>& maps);

// Turns the hue (HSV) of each row by so many turns; rows with 0 keep their bytes. pixels [N,3,H,W] f32 in
// 0..255.
at::Tensor shift_hue(const at::Tensor& pixels, const std::vector<double>& turns);

}  // namespace cvtool
