// Photos per second from file to batch: a bare loop over the decoder, and the loader without a cache.
//   bench_data FOLDER [SIZE [WORKERS [INTERPOLATION]]]
// Prints "name images_per_second" lines.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "base/error.h"
#include "base/parallel.h"
#include "data/loader.h"
#include "torch/device.h"

using namespace cvtool;

namespace {

double seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

void bench(const std::string& folder, const LoaderOptions& options) {
  DataConfig everything;
  everything.valid = 0;
  const Dataset dataset = find_dataset(folder, everything, 0);
  PhotoStore store(dataset.root, dataset.train, options);
  store.scan();
  const auto count = store.samples().size();
  for (int repeat = 0; repeat < 3; ++repeat) {
    double start = seconds();
    for_each_parallel(count, options.read.workers, [&](size_t i) {
      const std::string bytes = read_photo_file(dataset.root + "/" + store.samples()[i].path);
      decode_resized(bytes, decode_options(options.data, options.read), options.data);
    });
    std::printf("bare_loop %.1f\n", static_cast<double>(count) / (seconds() - start));
    start = seconds();
    Loader loader(store, in_order(count), 32);
    Batch batch;
    size_t rows = 0;
    while (loader.next(batch)) rows += batch.rows.size();
    std::printf("loader %.1f\n", static_cast<double>(rows) / (seconds() - start));
    std::fflush(stdout);
  }
}

}  // namespace

int main(int count, char** words) {
  if (count < 2) {
    std::fprintf(stderr, "usage: bench_data FOLDER [SIZE [WORKERS [INTERPOLATION]]]\n");
    return 2;
  }
  LoaderOptions options;
  const int64_t size = count > 2 ? std::atoi(words[2]) : 160;
  options.data.imgsz = {size, size};
  options.read.workers = count > 3 ? std::atoi(words[3]) : 2;
  if (count > 4) options.data.interpolation = words[4];
  options.cache = "none";
  try {
    prepare_process(0);  // as in cvtool itself
    bench(words[1], options);
    return 0;
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return static_cast<int>(error.code());
  }
}
