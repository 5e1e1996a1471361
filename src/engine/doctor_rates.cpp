#include "engine/doctor_rates.h"

#include <ATen/Parallel.h>

#include <chrono>

#include "base/error.h"
#include "base/machine.h"
#include "base/measure.h"
#include "data/image.h"
#include "datatools/drawn/drawn_set.h"
#include "report/image_file.h"
#include "torch/matrix_rate.h"

namespace cvtool {
namespace {

constexpr double kEach_s = 0.5;
constexpr double kOneGiga = 1e9;

// A photo as a camera's JPEG of 640 x 480 pixels.
std::string jpeg_of_photo() {
  constexpr int kQuality = 90;
  DrawnSetOptions options;
  options.size = {480, 640};
  return jpeg_bytes(draw_picture(options, {"train", "Car", 1}), kQuality);
}

double matrix_gflops(at::ScalarType type, int threads) {
  const ComputeThreads set(threads);
  return matrix_flops(type, kEach_s) / kOneGiga;
}

double copy_gb_per_s(size_t threads) { return copy_bytes_per_s(threads, kEach_s / 2, free_memory_bytes()) / kOneGiga; }

}  // namespace

MeasuredRates measured_rates(Observer& observer) {
  const auto start = std::chrono::steady_clock::now();
  const auto go_on = [&] {
    if (observer.stop_requested()) throw Error("interrupted while measuring", ExitCode::kInterrupted);
  };
  const int all = at::get_num_threads();
  const auto threads = static_cast<size_t>(all);
  MeasuredRates rates;
  rates.threads = all;
  rates.fp32_one = matrix_gflops(at::kFloat, 1), go_on();
  rates.fp32_all = matrix_gflops(at::kFloat, all), go_on();
  rates.bf16_one = matrix_gflops(at::kBFloat16, 1), go_on();
  rates.bf16_all = matrix_gflops(at::kBFloat16, all), go_on();
  const std::string photo = jpeg_of_photo();
  const auto decode = [&] { decode_image(photo, {}); };
  rates.decode_one = busy_rate(1, kEach_s, decode).calls_per_s, go_on();
  const BusyRate decoding = busy_rate(threads, 2 * kEach_s, decode);
  rates.decode_all = decoding.calls_per_s, go_on();
  rates.cpu_share = decoding.cpu_share;
  rates.copy_one = copy_gb_per_s(1), go_on();
  rates.copy_all = copy_gb_per_s(threads);
  rates.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return rates;
}

}  // namespace cvtool
