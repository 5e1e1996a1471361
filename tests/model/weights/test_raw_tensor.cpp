#include "model/weights/raw_tensor.h"

#include "model/weights/weight_files.h"

using namespace cvtool;

namespace {

const std::string kOrigin = "weights.pth";

RawTensor tensor_of(std::vector<int64_t> shape, std::vector<int64_t> strides, int64_t offset, size_t elements) {
  return {"w", DType::kF32, std::move(shape), std::move(strides), offset, blob_of(std::string(elements * 4, 'x'))};
}

std::string refusal(const RawTensor& tensor) {
  return error_of([&] { check_bounds(tensor, kOrigin); });
}

}  // namespace

TEST_CASE("The last element of a tensor must lie in its data, to the element") {
  CHECK(refusal(tensor_of({2, 3}, {3, 1}, 0, 6)) == "");
  CHECK(contains(refusal(tensor_of({2, 3}, {3, 1}, 0, 5)), "'w' of shape [2, 3] reaches beyond its data"));
  CHECK(contains(refusal(tensor_of({2, 3}, {3, 1}, 1, 6)), "reaches beyond"));
  CHECK(refusal(tensor_of({2, 3}, {1, 2}, 1, 7)) == "");
  CHECK(contains(refusal(tensor_of({2, 3}, {10, 1}, 0, 12)), "reaches beyond"));
  CHECK(refusal(tensor_of({}, {}, 0, 1)) == "");
  CHECK(contains(refusal(tensor_of({}, {}, 1, 1)), "reaches beyond"));
  CHECK(refusal(tensor_of({0, 5}, {5, 1}, 3, 0)) == "");
}

TEST_CASE("Sizes and strides that overflow, run backwards or do not match are refused") {
  constexpr int64_t kHuge = INT64_MAX;
  CHECK(contains(refusal(tensor_of({kHuge, kHuge}, {1, 1}, 0, 6)), "impossible size"));
  CHECK(contains(refusal(tensor_of({3}, {kHuge}, 0, 6)), "reaches beyond"));
  CHECK(contains(refusal(tensor_of({2}, {1}, kHuge, 6)), "reaches beyond"));
  CHECK(contains(refusal(tensor_of({-1}, {1}, 0, 6)), "impossible size"));
  CHECK(contains(refusal(tensor_of({2}, {-1}, 3, 6)), "negative stride"));
  CHECK(contains(refusal(tensor_of({2}, {1}, -1, 6)), "before its data"));
  CHECK(contains(refusal(tensor_of({2}, {1, 1}, 0, 6)), "strides"));
  CHECK(contains(refusal(tensor_of(std::vector<int64_t>(17, 1), std::vector<int64_t>(17, 1), 0, 6)), "17 dimensions"));
  CHECK(element_count({5, 0, 7}) == 0);
  CHECK(element_count({}) == 1);
  CHECK(element_count({kHuge, 2}) == -1);
}

TEST_CASE("A small file cannot ask for all memory, and names are unique") {
  RawStateDict dict;
  dict.origin = kOrigin;
  dict.tensors = {tensor_of({1000, 1000}, {0, 0}, 0, 1)};
  check_tensors(dict, 100);
  dict.tensors = {tensor_of({100000, 100000}, {0, 0}, 0, 1)};
  CHECK(contains(error_of([&] { check_tensors(dict, 100); }), "blows a small file up"));
  dict.tensors = {tensor_of({1}, {1}, 0, 1), tensor_of({1}, {1}, 0, 1)};
  CHECK(contains(error_of([&] { check_tensors(dict, 100); }), "two tensors are named 'w'"));
}
