#include "evaluate/number_text.h"

#include <ATen/ATen.h>

#include <cstring>
#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "base/error.h"

namespace cvtool {

std::string text_of_numbers(const at::Tensor& numbers) {
  const at::Tensor whole = numbers.contiguous();
  return base64({static_cast<const char*>(whole.data_ptr()), static_cast<size_t>(whole.nbytes())});
}

at::Tensor numbers_of_text(const std::string& text, at::ScalarType type, std::vector<int64_t> shape,
                           const std::string& trouble) {
  std::string bytes;
  try {
    bytes = base64_decoded(text);
  } catch (const Error&) {
    throw Error(trouble + " (its numbers are no base64)");
  }
  const auto each = static_cast<int64_t>(at::elementSize(type)), size = static_cast<int64_t>(bytes.size());
  if (shape == std::vector<int64_t>{-1}) shape = {size / each};
  int64_t wanted = each;
  for (const int64_t side : shape) wanted *= side;
  if (wanted != size) throw Error(trouble + " (it holds other numbers than it says)");
  at::Tensor numbers = at::empty(shape, type);
  std::memcpy(numbers.data_ptr(), bytes.data(), bytes.size());
  if (!numbers.to(at::kDouble).isfinite().all().item<bool>())
    throw Error(trouble + " (not all its numbers are finite)");
  return numbers;
}

}  // namespace cvtool
