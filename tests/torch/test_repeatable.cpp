#include "torch/repeatable.h"

#include <ATen/Context.h>
#include <doctest/doctest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <sstream>

using namespace cvtool;

TEST_CASE("A GPU adds in a fixed order, and what cannot is named once") {
  const auto usual = spdlog::default_logger();
  std::ostringstream said;
  spdlog::set_default_logger(
      std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(said)));
  make_gpu_repeatable();
  CHECK(at::globalContext().deterministicAlgorithms());
  CHECK_FALSE(at::globalContext().allowTF32CuBLAS());
  REQUIRE(std::getenv("CUBLAS_WORKSPACE_CONFIG") != nullptr);
  for (int step = 0; step < 3; ++step) {
    at::globalContext().alertNotDeterministic("adaptive_avg_pool2d_backward_cuda");
    at::globalContext().alertNotDeterministic("scatter_add_cuda_kernel");  // of whole numbers
  }
  at::globalContext().setDeterministicAlgorithms(false, false);
  spdlog::set_default_logger(usual);
  const std::string text = said.str();
  const size_t first = text.find("no way to compute adaptive_avg_pool2d_backward_cuda that adds in a fixed order");
  CHECK(first != std::string::npos);
  CHECK(text.find("no way", first + 1) == std::string::npos);
  CHECK(text.find("scatter_add") == std::string::npos);
}
