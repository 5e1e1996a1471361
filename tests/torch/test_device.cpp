#include "torch/device.h"

#include <ATen/Parallel.h>
#include <doctest/doctest.h>

#include <filesystem>
#include <iterator>
#include <thread>

#include "base/error.h"

using namespace cvtool;

namespace {

int threads_of_a_new_thread() {
  int count = 0;
  std::thread([&] { count = at::get_num_threads(); }).join();
  return count;
}

auto threads_alive() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/task"), std::filesystem::directory_iterator());
}

}  // namespace

TEST_CASE("As many threads compute as were asked for, in this thread and in later ones") {
  for (const int threads : {3, 2, 1}) {
    set_compute_threads(threads);
    CHECK(at::get_num_threads() == threads);
    CHECK(threads_of_a_new_thread() == threads);
  }
}

TEST_CASE("No thread is started before one has work") {
  if (at::hasMKL()) return;  // its threads are set in LibTorch's way
  const auto before = threads_alive();
  set_compute_threads(4);
  CHECK(threads_of_a_new_thread() == 4);
  CHECK(threads_alive() == before);
  set_compute_threads(1);
}

TEST_CASE("A thread that computes alone leaves the others their number") {
  set_compute_threads(2);
  {
    const OneComputeThread alone;
    CHECK(at::get_num_threads() == 1);
    CHECK(threads_of_a_new_thread() == 2);
  }
  CHECK(at::get_num_threads() == 2);
  set_compute_threads(1);
}

TEST_CASE("A precision is taken by its word, and says why") {
  std::string why;
  CHECK((precision_from_text("fp32", at::kCPU, why) == at::kFloat));
  CHECK(why == "as asked");
  CHECK((precision_from_text("bf16", at::kCPU, why) == at::kBFloat16));
  CHECK((precision_from_text("auto", at::kCPU, why) == (cpu_has_native_bfloat16() ? at::kBFloat16 : at::kFloat)));
  CHECK(why.find("processor") != std::string::npos);
  CHECK_THROWS_WITH_AS(precision_from_text("fp16", at::kCPU, why), doctest::Contains("needs a GPU"), UsageError);
  CHECK_THROWS_WITH_AS(precision_from_text("fp8", at::kCPU, why), doctest::Contains("fp8"), UsageError);
}
