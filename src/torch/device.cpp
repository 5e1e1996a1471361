#include "torch/device.h"

#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif
#include <malloc.h>
#include <omp.h>
#include <spdlog/spdlog.h>
#include <torch/script.h>
#include <torch/version.h>

#include <algorithm>
#include <chrono>
#include <climits>
#include <cstdlib>
#include <mutex>
#include <string>

#include "base/error.h"
#include "base/loaded_libraries.h"
#include "base/machine.h"
#include "base/processor.h"
#include "base/text.h"
#include "torch/repeatable.h"

namespace cvtool {
namespace {

void set_autocast(at::Device device, bool on, at::ScalarType type) {
#if TORCH_VERSION_MAJOR * 100 + TORCH_VERSION_MINOR < 204
  if (device.is_cuda()) {
    if (on) at::autocast::set_autocast_gpu_dtype(type);
    at::autocast::set_enabled(on);
  } else {
    if (on) at::autocast::set_autocast_cpu_dtype(type);
    at::autocast::set_cpu_enabled(on);
  }
#else
  if (on) at::autocast::set_autocast_dtype(device.type(), type);
  at::autocast::set_autocast_enabled(device.type(), on);
#endif
}

// OpenMP ends the program when a thread of its team cannot start.
int affordable(int wanted) {
  const int given = 1 + static_cast<int>(affordable_threads(static_cast<size_t>(wanted - 1)));
  if (given < wanted)
    spdlog::warn(
        "the system gives this program few threads (ulimit -u, or a container's limit): it computes with {} of {}",
        given, wanted);
  return given;
}

// A device that LibTorch does not have of itself: whoever has made one known to it in this process names it.
bool is_foreign_device([[maybe_unused]] const std::string& text) {
#if TORCH_VERSION_MAJOR * 100 + TORCH_VERSION_MINOR < 204
  return false;
#else
  if (!c10::is_privateuse1_backend_registered()) return false;
  const std::string name = c10::get_privateuse1_backend();
  return text == name || text == name + ":0";
#endif
}

// Why LibTorch finds no CUDA device, and what to do. `driver` is the machine's.
std::string why_no_gpu(const NvidiaDriver& driver) {
  if (!is_cuda_build())
    return "it is built for processors only; use --device cpu, or build cvtool against a LibTorch with CUDA (cmake "
           "--preset torch-pip in a Python environment with PyTorch)";
  if (driver.version.empty())
    return "it has CUDA, but no NVIDIA driver is loaded here; use --device cpu, or a machine with a GPU and its driver";
  const std::string loaded = "NVIDIA's driver " + driver.version + " is loaded, but ";
  if (driver.devices == 0)
    return loaded +
           "this process may open no card; use --device cpu, or start the container with its cards (docker run "
           "--gpus all)";
  if (const char* visible = std::getenv("CUDA_VISIBLE_DEVICES"))
    return loaded + "CUDA_VISIBLE_DEVICES=" + visible +
           " leaves LibTorch no card; unset it, or give it a card's number";
  return loaded + "it may be older than LibTorch's CUDA; look at nvidia-smi, or use --device cpu";
}

}  // namespace

at::Device device_from_text(const std::string& text) {
  const std::vector<std::string> words{"auto", "cpu", "cuda", "cuda:N"};
  if (text == "cpu") return at::kCPU;
  if (is_foreign_device(text)) return at::Device(at::kPrivateUse1, 0);
  if (text == "auto" && !at::hasCUDA()) return at::kCPU;
  const bool numbered = starts_with(text, "cuda:") && text.size() > 5 && text.size() < 8 &&
                        text.find_first_not_of("0123456789", 5) == std::string::npos;
  if (text != "auto" && text != "cuda" && !numbered)
    throw UsageError("--device: " + unknown_word("device", text, words));
  if (!at::hasCUDA())
    throw UsageError("--device " + text + ": this LibTorch (" + torch_version() +
                     ") finds no CUDA device: " + why_no_gpu(nvidia_driver()));
  const int index = numbered ? std::stoi(text.substr(5)) : 0;
  const int count = static_cast<int>(at::detail::getCUDAHooks().getNumGPUs());
  if (index >= count)
    throw UsageError("--device " + text + ": there " +
                     (count == 1 ? "is 1 GPU" : "are " + std::to_string(count) + " GPUs") + ", numbered from 0");
  make_gpu_repeatable();
  return at::Device(at::kCUDA, static_cast<at::DeviceIndex>(index));
}

at::Device device_of_process(const std::string& text, int64_t local_rank) {
  const at::Device device = device_from_text(text);
  if (!device.is_cuda() || text.find(':') != std::string::npos) return device;
  const int64_t cards = at::detail::getCUDAHooks().getNumGPUs();
  return at::Device(at::kCUDA, static_cast<at::DeviceIndex>(local_rank % cards));
}

std::string kind_of(at::Device device) { return c10::DeviceTypeName(device.type(), /*lower_case=*/true); }

void seed_random(at::Device device, uint64_t seed) {
  at::Generator generator = at::globalContext().defaultGenerator(device);
  const std::lock_guard<std::mutex> lock(generator.mutex());
  generator.set_current_seed(seed);
}

std::string precision_text(at::ScalarType type) {
  return type == at::kFloat ? "fp32" : type == at::kHalf ? "fp16" : "bf16";
}

bool cpu_has_native_bfloat16() {
#if defined(__x86_64__)
  // CPUID leaf 7, subleaf 1, EAX bit 5: AVX512_BF16 (Intel SDM, volume 2A, CPUID).
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) != 0 && (eax & (1u << 5)) != 0;
#else
  return false;
#endif
}

at::ScalarType precision_from_text(const std::string& text, at::Device device, std::string& why) {
  if (text == "fp16" && device.is_cpu())
    throw UsageError("--precision fp16 needs a GPU; on a processor use bf16 or fp32");
  for (const at::ScalarType type : {at::kFloat, at::kBFloat16, at::kHalf})
    if (text == precision_text(type)) {
      why = "as asked";
      return type;
    }
  if (text != "auto")
    throw UsageError("--precision: " + unknown_word("precision", text, {"auto", "fp32", "bf16", "fp16"}));
  if (device.is_cuda()) {
    // Compute capability 8.0 brought bfloat16 to the tensor cores (CUDA C programming guide, table of features).
    const c10::DeviceGuard chosen(device);  // the question is about the current one
    const bool native = at::detail::getCUDAHooks().supportsBFloat16ConvolutionWithCuDNNv8();
    why = native ? "the GPU has bfloat16" : "the GPU has no bfloat16";
    return native ? at::kBFloat16 : at::kFloat;
  }
  if (!device.is_cpu()) {
    why = "the device does not say whether it has bfloat16";
    return at::kFloat;
  }
  const bool native = cpu_has_native_bfloat16();
  why = native ? "the processor has bfloat16 natively" : "the processor has no native bfloat16";
  return native ? at::kBFloat16 : at::kFloat;
}

void set_compute_threads(int threads) {
  if (at::hasMKL()) {  // whose threads are counted apart
    at::set_num_threads(threads);
    return;
  }
  // Not at::set_num_threads: it starts a pool of threads for XNNPACK, again in every thread that computes, and each of
  // them spins for 15 to 45 ms. Nothing here computes by XNNPACK.
  for (const char* name : {"OMP_NUM_THREADS", "MKL_NUM_THREADS"})  // what LibTorch gives to threads that begin later
    ::setenv(name, std::to_string(threads).c_str(), 1);
  at::internal::lazy_init_num_threads();
  omp_set_num_threads(threads);
}

void prepare_process(int threads) {
  // glibc gives large buffers back to the kernel after each use and faults them in again at the next; keeping them
  // doubles training speed.
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, INT_MAX);
  mallopt(M_TOP_PAD, 256 << 20);
  set_compute_threads(affordable(threads > 0 ? threads : static_cast<int>(usable_cores())));
  torch::jit::setGraphExecutorOptimize(false);
  // float32 means float32, not TF32's 10 bits of mantissa, and the same convolution gives the same bits.
  at::globalContext().setAllowTF32CuDNN(false);
  at::globalContext().setDeterministicCuDNN(true);
  at::globalContext().setBenchmarkCuDNN(false);
}

OneComputeThread::OneComputeThread() {
  // LibTorch sets a thread's number at its first use, in this library and in its own.
  at::internal::lazy_init_num_threads();
  before_ = at::get_num_threads();
  // Not at::set_num_threads: that changes what later threads begin with.
  omp_set_num_threads(1);
}

OneComputeThread::~OneComputeThread() { omp_set_num_threads(before_); }

void trim_heap() {
  using Clock = std::chrono::steady_clock;
  constexpr auto kEach = std::chrono::seconds(10);
  static const Clock::time_point first = Clock::now();
  static int done = 0;
  if (done * kEach > Clock::now() - first) return;
  ++done;
  malloc_trim(0);
}

Autocast::Autocast(at::Device device, at::ScalarType type) : device_(device), on_(type != at::kFloat) {
  if (on_) set_autocast(device_, true, type);
}

Autocast::~Autocast() {
  if (!on_) return;
  set_autocast(device_, false, at::kFloat);
  at::autocast::clear_cache();
}

bool packs_weights() { return TORCH_VERSION_MAJOR < 2 && at::hasMKLDNN(); }

bool is_cuda_build() {
  const std::vector<std::string> files = loaded_libraries();
  return std::any_of(files.begin(), files.end(),
                     [](const std::string& file) { return file.find("libtorch_cuda") != std::string::npos; });
}

std::string torch_version() {
  return std::to_string(TORCH_VERSION_MAJOR) + "." + std::to_string(TORCH_VERSION_MINOR) + "." +
         std::to_string(TORCH_VERSION_PATCH);
}

}  // namespace cvtool
