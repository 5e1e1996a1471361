// The names of a net's tensors in the files of others, by a table of patterns. Free of LibTorch.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/json.h"

namespace cvtool {

// `text` with every {expression} in it worked out: "features.{$n + 1}" with n = 3 is "features.4". Expressions are
// those of blocks (model/blocks.h). Throws UsageError naming `place`.
std::string fill_pattern(const std::string& text, const Json& values, const std::string& place);

// A table "layer of the net" -> "layer of the file". On the left, {name} stands for one or more characters but '.', and
// {_name} for the number that a repeated layer's name ends in ("_3", or nothing: 0); on the right, {$name} gives them
// back, and {$list[$name]} what `lists` has there. The first line that fits counts. A line may name a single tensor of
// a layer, and a list on the right stands for several tensors of the file that are one in the net, joined along their
// first dimension.
class TensorNames {
 public:
  // Throws UsageError naming `place` when `table` is not an object of texts and lists of texts, or `lists` no object.
  TensorNames(const Json& table, Json lists, std::string place);

  // "block_3.main.expand.weight" -> "features.4.conv.0.0.weight": the part behind the last '.' stays, unless the line
  // names the tensor itself. Throws UsageError when no line fits.
  std::vector<std::string> in_file(const std::string& tensor) const;

 private:
  struct Line {
    std::string from;
    std::vector<std::string> to;
  };
  std::vector<Line> lines_;
  Json lists_;
  std::string place_;
};

}  // namespace cvtool
