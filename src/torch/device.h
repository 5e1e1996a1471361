// Where tensors live and how they are computed. The only header that knows LibTorch's versions apart.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

namespace cvtool {

// "auto", "cpu", "cuda" or "cuda:N" -> a device, a GPU made ready (make_gpu_repeatable). Throws UsageError with the
// reason when CUDA is asked for and not there.
at::Device device_from_text(const std::string& text);

// What `text` is for one of the processes of a machine: where it names no card, each takes one of its own, in turns
// where there are fewer than processes. Throws as device_from_text does.
at::Device device_of_process(const std::string& text, int64_t local_rank);

// "cpu" or "cuda": the word for devices of its kind.
std::string kind_of(at::Device device);

// "auto", "fp32", "bf16" or "fp16" -> at::kFloat, at::kBFloat16 or at::kHalf. auto takes bfloat16 where the device has
// it natively (AVX512_BF16 or AMX; compute capability 8.0 or newer), else fp32. `why` says which and why. Throws
// UsageError for fp16 on a processor.
at::ScalarType precision_from_text(const std::string& text, at::Device device, std::string& why);

// Seeds what dropout draws from on that device: LibTorch's own generator of it.
void seed_random(at::Device device, uint64_t seed);

// The word for it: "fp32", "bf16" or "fp16".
std::string precision_text(at::ScalarType type);

// True when the processor multiplies bfloat16 natively.
bool cpu_has_native_bfloat16();

// How many threads an operation of LibTorch takes, at least 1: in the calling thread and in those that begin later.
void set_compute_threads(int threads);

// Prepares the process for work: number of compute threads (0: one per core that it may use; fewer, with a warning,
// where the system gives fewer), memory that stays with the process, the simple TorchScript executor, cuDNN without
// TF32 and repeatable. Idempotent.
void prepare_process(int threads);

// While alive, LibTorch's operations in this thread run in it alone. For worker threads, whose teams would multiply;
// other threads, started before or after, keep their number.
class OneComputeThread {
 public:
  OneComputeThread();
  ~OneComputeThread();
  OneComputeThread(const OneComputeThread&) = delete;
  OneComputeThread& operator=(const OneComputeThread&) = delete;

 private:
  int before_;
};

// Gives memory that was freed back to the kernel. For the seams between kinds of work: what comes next asks for blocks
// of other sizes, which do not fit into the holes between what is still held. To take it again costs up to half a
// second, so it is given back once, and from then on once in ten seconds on average; other calls do nothing. From one
// thread at a time.
void trim_heap();

// While alive, matrix products and convolutions on `device` run in `type` (autocast); kFloat changes nothing.
class Autocast {
 public:
  Autocast(at::Device device, at::ScalarType type);
  ~Autocast();
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  at::Device device_;
  bool on_ = false;
};

// Whether LibTorch's pass that gives a frozen graph weights in oneDNN's order is to be trusted: it was tried with 1.13.
bool packs_weights();

// LibTorch's version, "1.13.1".
std::string torch_version();

// Whether LibTorch is built with CUDA; a GPU need not be there.
bool is_cuda_build();

}  // namespace cvtool
