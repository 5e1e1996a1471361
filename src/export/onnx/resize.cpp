// Resizing as part of an ONNX graph: the arithmetic of data/resize.cpp and data/interpolation.cpp as two products with
// matrices [target, source], one an axis, which the graph makes from the sizes of its input. Places are ratios of whole
// numbers; they are computed as whole numbers, so that no size is too large for float32.
#include <ATen/ATen.h>

#include "base/error.h"
#include "export/onnx/export.h"
#include "export/onnx/operation.h"

namespace cvtool {
namespace {

// One axis of the pictures: where it stands in their shape, and where the other does.
struct Axis {
  int64_t dim, target, other_dim, other_target;
};

class ResizeWriter {
 public:
  ResizeWriter(const ResizeRule& rule, int64_t opset) : rule_(rule), b_(opset, "resize_") {}

  // Adds the nodes that resize `images`; returns the name of what they give.
  std::string write(const std::string& images) {
    shape_ = b_.add("Shape", {images});
    const ImageSize& size = rule_.size;
    const Cover wide = cover({3, size.width, 2, size.height}), high = cover({2, size.height, 3, size.width});
    std::string x = cropped(cropped(images, wide, 3), high, 2);
    x = b_.add("MatMul", {x, b_.add("Transpose", {matrix(wide)}, {{"perm", Integers{1, 0}}})});
    x = b_.add("MatMul", {matrix(high), x});
    return b_.add("Clip", {rounded(x), b_.scalar(0), b_.scalar(255)});
  }

  OnnxModel& model() { return b_.model; }

 private:
  // What part of an axis becomes the target's pixels; see SourceAxis. Values of the graph, [1] int64.
  struct Cover {
    int64_t target;
    std::string source, length, before;  // before: pixels cut off in front, or added where it is padded
  };

  // To the whole numbers that cvtool keeps.
  std::string rounded(const std::string& x) {
    const auto steps = static_cast<double>(rule_.steps_of_byte);
    const std::string fine = steps == 1 ? x : b_.add("Mul", {x, b_.scalar(steps)});
    const std::string floor = b_.add("Floor", {b_.add("Add", {fine, b_.scalar(0.5)})});
    return steps == 1 ? floor : b_.add("Div", {floor, b_.scalar(steps)});
  }
  std::string whole(int64_t value) { return b_.constant(Integers{value}); }
  std::string size_of(int64_t dim) { return b_.add("Slice", {shape_, whole(dim), whole(dim + 1), whole(0)}); }
  std::string cast(const std::string& x, OnnxType to) {
    return b_.add("Cast", {x}, {{"to", static_cast<int64_t>(to)}});
  }
  std::string as_float(const std::string& x) { return cast(x, OnnxType::kFloat); }
  // f(x) for the target's pixels, [target,1] int64.
  std::string column(int64_t target, int64_t factor, int64_t offset) {
    return b_.constant((at::arange(target, at::kLong) * factor + offset).reshape({target, 1}));
  }

  // See to_aspect in data/resize.cpp: computed in float32, then cut off.
  std::string fitted(const Axis& axis) {
    const std::string other = as_float(size_of(axis.other_dim));
    const std::string size =
        b_.add("Div", {b_.add("Mul", {other, b_.scalar(double(axis.target))}), b_.scalar(double(axis.other_target))});
    return b_.add("Max", {cast(b_.add("Min", {size, b_.scalar(1e9)}), OnnxType::kInt64), whole(1)});
  }

  Cover cover(const Axis& axis) {
    Cover out{axis.target, size_of(axis.dim), "", ""};
    if (rule_.resize == "stretch") {
      out.length = out.source;
      return out;
    }
    const bool crop = rule_.resize == "crop";
    out.length = b_.add(crop ? "Min" : "Max", {out.source, fitted(axis)});
    const std::string &large = crop ? out.source : out.length, &small = crop ? out.length : out.source;
    out.before = b_.add("Div", {b_.add("Sub", {large, small}), whole(2)});
    return out;
  }

  std::string cut(const std::string& x, const std::string& begin, const std::string& length, int64_t dim) {
    return b_.add("Slice", {x, begin, b_.add("Add", {begin, length}), whole(dim)});
  }

  std::string cropped(const std::string& x, const Cover& c, int64_t dim) {
    return rule_.resize == "crop" ? cut(x, c.before, c.length, dim) : x;
  }

  // [target, source]: how much of each of the photo's pixels is in each of the target's. What is padded is black.
  std::string matrix(const Cover& c) {
    const std::string count = b_.add("Squeeze", {c.length, whole(0)}), zero = b_.constant(at::tensor(int64_t{0})),
                      one = b_.constant(at::tensor(int64_t{1}));
    const std::string all = weights(c, b_.add("Range", {zero, count, one}));
    return rule_.resize == "pad" ? cut(all, c.before, c.source, 1) : all;
  }

  // [target, length] f32; `index` counts the pixels of the length.
  std::string weights(const Cover& c, const std::string& index) {
    if (rule_.interpolation == "nearest") return nearest(c, index);
    if (rule_.interpolation == "bilinear") return bilinear(c, index);
    if (rule_.interpolation == "area") return area(c, index);
    return by_kernel(c, index);
  }

  std::string scale(const Cover& c) { return b_.add("Div", {as_float(c.length), b_.scalar(double(c.target))}); }
  std::string middles(const Cover& c) {
    return b_.constant((at::arange(c.target, at::kFloat) + 0.5).reshape({c.target, 1}));
  }
  std::string last(const Cover& c) { return b_.add("Sub", {c.length, whole(1)}); }

  std::string nearest(const Cover& c, const std::string& index) {
    const std::string at = cast(b_.add("Floor", {b_.add("Mul", {middles(c), scale(c)})}), OnnxType::kInt64);
    return as_float(b_.add("Equal", {index, b_.add("Min", {at, last(c)})}));
  }

  // 1 at the pixel itself, 0 one pixel away.
  std::string bilinear(const Cover& c, const std::string& index) {
    std::string at = b_.add("Sub", {b_.add("Mul", {middles(c), scale(c)}), b_.scalar(0.5)});
    at = b_.add("Min", {b_.add("Max", {at, b_.scalar(0)}), as_float(last(c))});
    return triangle(b_.add("Abs", {b_.add("Sub", {as_float(index), at})}));
  }

  std::string triangle(const std::string& distance) {
    return b_.add("Relu", {b_.add("Sub", {b_.scalar(1), distance})});
  }

  // Overlap of [i, i+1) and [x, x+1) * length / target, times target.
  std::string area(const Cover& c, const std::string& index) {
    const std::string target = whole(c.target), next = b_.add("Add", {index, whole(1)});
    const std::string begin = b_.add(
                          "Max", {b_.add("Mul", {index, target}), b_.add("Mul", {column(c.target, 1, 0), c.length})}),
                      end = b_.add("Min",
                                   {b_.add("Mul", {next, target}), b_.add("Mul", {column(c.target, 1, 1), c.length})});
    const std::string overlap = as_float(b_.add("Max", {b_.add("Sub", {end, begin}), whole(0)}));
    return b_.add("Div", {overlap, as_float(c.length)});
  }

  // Of the distance of pixel i from the middle of pixel x in widths of the kernel: with both times 2 * target,
  // ((2i + 1) * target - (2x + 1) * length) / (2 * max(target, length)), or by 2 * target where it does not widen.
  std::string by_kernel(const Cover& c, const std::string& index) {
    const std::string odd = b_.add("Add", {b_.add("Mul", {index, whole(2)}), whole(1)}), target = whole(c.target);
    const std::string difference =
        b_.add("Sub", {b_.add("Mul", {odd, target}), b_.add("Mul", {column(c.target, 2, 1), c.length})});
    const std::string width = rule_.interpolation == "bicubic" ? target : b_.add("Max", {c.length, target});
    const std::string distance =
        b_.add("Abs", {b_.add("Div", {as_float(difference), as_float(b_.add("Mul", {width, whole(2)}))})});
    const std::string w = rule_.interpolation == "bilinear_antialias" ? triangle(distance) : cubic(distance);
    return b_.add("Div", {w, b_.add("ReduceSum", {w, whole(1)}, {{"keepdims", int64_t{1}}})});
  }

  // Horner's scheme.
  std::string polynomial(const std::string& x, const std::vector<double>& factors) {
    std::string y = b_.scalar(factors.at(0));
    for (size_t i = 1; i < factors.size(); ++i) y = b_.add("Add", {b_.add("Mul", {y, x}), b_.scalar(factors[i])});
    return y;
  }

  // See `cubic` in data/interpolation.cpp. Each piece is 0 at the end of its interval, so the two add up.
  std::string cubic(const std::string& distance) {
    const auto within = [&](double low, double high) {
      return b_.add("Clip", {distance, b_.scalar(low), b_.scalar(high)});
    };
    return b_.add("Add", {polynomial(within(0, 1), {1.5, -2.5, 0, 1}), polynomial(within(1, 2), {-0.5, 2.5, -4, 2})});
  }

  const ResizeRule& rule_;
  OnnxBuilder b_;
  std::string shape_;
};

}  // namespace

OnnxModel with_resize_inside(const OnnxModel& model, const ResizeRule& rule) {
  if (rule.interpolation == "lanczos")
    throw UsageError(
        "--with-resize: the model was trained with the interpolation 'lanczos', which cannot be put inside");
  ResizeWriter writer(rule, model.opset);
  const std::string resized = writer.write(model.input.name);
  OnnxModel out = model;
  for (OnnxNode& node : out.nodes)
    for (std::string& input : node.inputs)
      if (input == model.input.name) input = resized;
  const OnnxModel& added = writer.model();
  out.nodes.insert(out.nodes.begin(), added.nodes.begin(), added.nodes.end());
  out.constants.insert(out.constants.begin(), added.constants.begin(), added.constants.end());
  out.input.dims = {-1, model.input.dims.at(1), -1, -1};
  return out;
}

}  // namespace cvtool
