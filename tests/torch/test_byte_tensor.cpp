#include "torch/byte_tensor.h"

#include <ATen/ATen.h>
#include <doctest/doctest.h>

using namespace cvtool;

TEST_CASE("Bytes become a tensor and are the same again") {
  const std::string bytes("a\0\xff z", 5);
  const at::Tensor tensor = tensor_of_bytes(bytes);
  CHECK((tensor.scalar_type() == at::kByte));
  CHECK(tensor.equal(at::tensor({97, 0, 255, 32, 122}, at::kByte)));
  CHECK(bytes_of_tensor(tensor) == bytes);
  CHECK(bytes_of_tensor(tensor_of_bytes("")).empty());
  CHECK(bytes_of_tensor(at::zeros({2, 3})) == std::string(24, '\0'));
}
