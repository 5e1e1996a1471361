#include "spec/doctor_advice.h"

#include <cstdlib>

#include "base/text.h"

namespace cvtool {
namespace {

constexpr int64_t kGigabyte = 1'000'000'000;
constexpr int64_t kLittleDisk_bytes = 2 * kGigabyte, kLittleMemory_bytes = 2 * kGigabyte;
// load_engine() wants so much beside what the libraries take.
constexpr int64_t kAddressSpace_bytes = 4 * kGigabyte;
constexpr double kBusyBelow = 0.9;    // of the processor time that was asked for
constexpr double kScarceBelow = 0.6;  // of what as many cores would do

using AdviceList = std::vector<Advice>;

std::string gigabytes(int64_t bytes) {
  return fixed(static_cast<double>(bytes) / static_cast<double>(kGigabyte), 1) + " GB";
}

std::string whole_percent(double fraction) { return fixed(100 * fraction, 0) + " %"; }

// An error's message, which ends with "; " and what to do.
Advice advice_from(const std::string& about, const std::string& message, const std::string& otherwise) {
  const size_t cut = message.rfind("; ");
  if (cut == std::string::npos) return {about, message + ".", otherwise};
  return {about, message.substr(0, cut) + ".", message.substr(cut + 2)};
}

bool is_set(const MachineFacts& machine, const std::string& variable) {
  return machine.environment.count(variable) > 0;
}

// Of LibTorch's parts.

void add_engine(const DoctorReport& report, AdviceList& list) {
  if (report.engine) return;
  list.push_back(advice_from("engine", "The engine, which does all the work, does not start: " + report.engine_error,
                             "install cvtool again"));
}

void add_matrices(const DoctorReport& report, AdviceList& list) {
  if (!report.engine) return;
  const EngineFacts& engine = *report.engine;
  if (engine.blas_is_slow)
    list.push_back({"blas",
                    "LibTorch multiplies matrices with the reference BLAS (" + engine.blas_file +
                        "), which uses one core and is ten to a hundred times slower than OpenBLAS.",
                    "sudo apt install libopenblas0-pthread; where it is installed, choose it with sudo "
                    "update-alternatives --config libblas.so.3-x86_64-linux-gnu"});
  if (engine.onednn.empty())
    list.push_back({"convolutions", "This LibTorch has no oneDNN: convolutions on the processor are slow.",
                    "install a LibTorch that is built with oneDNN, as Debian's and PyTorch's own are"});
  for (const char* variable : {"ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"})
    if (is_set(report.machine, variable))
      list.push_back({"instructions",
                      std::string(variable) + "=" + report.machine.environment.at(variable) +
                          " is set: LibTorch may use only a part of the processor's instructions.",
                      "unset " + std::string(variable)});
}

void add_bfloat16(const DoctorReport& report, AdviceList& list) {
  if (!report.engine || report.engine->cuda_devices > 0) return;
  const auto& measured = report.engine->measured;
  if (!report.machine.has_bfloat16)
    return list.push_back({"precision",
                           "This processor has no instructions for bfloat16: half precision makes nothing faster here" +
                               std::string(measured ? " (measured: " + fixed(measured->bf16_all, 0) + " against " +
                                                          fixed(measured->fp32_all, 0) + " GFLOP/s in float32)."
                                                    : "."),
                           "leave --precision at auto, which takes fp32 here"});
  if (measured && report.engine->precision == "bf16" && measured->bf16_all < measured->fp32_all)
    list.push_back({"precision",
                    "bfloat16 is slower than float32 here, although the processor has instructions for it (" +
                        fixed(measured->bf16_all, 0) + " against " + fixed(measured->fp32_all, 0) + " GFLOP/s).",
                    "try train --precision fp32, and a newer LibTorch"});
}

void add_gpu(const DoctorReport& report, AdviceList& list) {
  const MachineFacts& machine = report.machine;
  if (!report.engine || machine.nvidia_driver.empty() || report.engine->cuda_devices > 0) return;
  const std::string driver = "NVIDIA's driver " + machine.nvidia_driver + " is loaded, but ";
  if (machine.gpu_devices == 0)
    return list.push_back({"gpu", driver + "this process may open no card: a container was given none.",
                           "start the container with its cards (docker run --gpus all)"});
  if (!report.engine->cuda_built)
    return list.push_back({"gpu",
                           driver + "this LibTorch (" + report.engine->libtorch +
                               ") is built for processors only: cvtool does not use the GPU.",
                           "build cvtool against a CUDA build of LibTorch: cmake --preset release "
                           "-DCMAKE_PREFIX_PATH=/path/to/libtorch"});
  if (is_set(machine, "CUDA_VISIBLE_DEVICES"))
    return list.push_back({"gpu",
                           driver + "CUDA_VISIBLE_DEVICES=" + machine.environment.at("CUDA_VISIBLE_DEVICES") +
                               " leaves LibTorch no card.",
                           "unset CUDA_VISIBLE_DEVICES, or give it the number of a card"});
  list.push_back({"gpu", driver + "LibTorch, which has CUDA, finds no card.",
                  "look at nvidia-smi; a driver that is older than LibTorch's CUDA is the usual reason"});
}

// Of the machine.

void add_cores(const DoctorReport& report, AdviceList& list) {
  const MachineFacts& machine = report.machine;
  if (machine.core_quota && *machine.core_quota < static_cast<double>(machine.cores_allowed))
    list.push_back({"cores",
                    "A quota lets this process use " + number_text(*machine.core_quota) + " of " +
                        counted(machine.cores_allowed, "core") + ".",
                    "raise it where the container is started (docker run --cpus, limits.cpu of Kubernetes)"});
  if (machine.cores_allowed < machine.cores)
    list.push_back({"cores",
                    "This process may run on " + std::to_string(machine.cores_allowed) + " of " +
                        counted(machine.cores, "core") + " (affinity).",
                    "start it without taskset or numactl, or ask the queue for more cores"});
  const auto blas_threads = machine.environment.find("OPENBLAS_NUM_THREADS");
  if (blas_threads != machine.environment.end() && std::atoll(blas_threads->second.c_str()) < machine.cores_used)
    list.push_back({"threads",
                    "OPENBLAS_NUM_THREADS=" + blas_threads->second +
                        " is set: products of float32 matrices use so many threads, whatever --threads says.",
                    "unset OPENBLAS_NUM_THREADS"});
  if (machine.threads_startable < machine.threads_tried)
    list.push_back({"threads",
                    "The system gives this process only " + counted(machine.threads_startable, "more thread") +
                        ": cvtool reads and computes with fewer than it has cores.",
                    "raise the limit of processes (ulimit -u, pids.max or --pids-limit of the container)"});
}

void add_busy(const DoctorReport& report, AdviceList& list) {
  const MachineFacts& machine = report.machine;
  const auto& measured = report.engine ? report.engine->measured : std::nullopt;
  if (measured && measured->cpu_share < kBusyBelow)
    list.push_back({"busy",
                    "The machine is busy: of the processor time that cvtool asked for it got " +
                        whole_percent(measured->cpu_share) + "; what was measured is too low.",
                    machine.core_quota ? "look at the quota, and at other programs with top"
                                       : "look with top which programs run, and wait or end them"});
  else if (!measured && machine.load && *machine.load > 1.5 * static_cast<double>(machine.cores))
    list.push_back({"busy",
                    "The machine is busy: " + fixed(*machine.load, 1) + " processes want its " +
                        counted(machine.cores, "core") + " (average of the last minute).",
                    "look with top which programs run, and wait or end them"});
  if (measured && measured->cpu_share >= kBusyBelow && measured->threads > 1 &&
      measured->decode_all < kScarceBelow * static_cast<double>(measured->threads) * measured->decode_one)
    list.push_back({"cores",
                    counted(measured->threads, "thread") + " decode only " +
                        fixed(measured->decode_all / measured->decode_one, 1) +
                        " times as many photos as one: two threads share a core, or a virtual machine gets less than "
                        "it shows.",
                    "nothing is wrong with cvtool; on hired machines compare kinds with whole cores"});
}

void add_memory(const DoctorReport& report, AdviceList& list) {
  const MachineFacts& machine = report.machine;
  if (machine.address_space_limit_bytes && *machine.address_space_limit_bytes < kAddressSpace_bytes)
    list.push_back({"memory",
                    "The address space of this process is limited to " + gigabytes(*machine.address_space_limit_bytes) +
                        " (ulimit -v): large nets and photos may not fit.",
                    "ulimit -v unlimited"});
  if (machine.memory_free_bytes >= kLittleMemory_bytes) return;
  const bool by_limit = machine.memory_limit_bytes && *machine.memory_limit_bytes < machine.memory_bytes;
  list.push_back({"memory",
                  "Only " + gigabytes(machine.memory_free_bytes) + " of memory are free" +
                      (by_limit ? " below the container's limit of " + gigabytes(*machine.memory_limit_bytes) : "") +
                      ".",
                  std::string(by_limit ? "raise the limit (docker run --memory)" : "end other programs") +
                      ", or train with a smaller --batch and --cache disk"});
}

void add_files(const DoctorReport& report, AdviceList& list) {
  if (!report.caches.problem.empty())
    list.push_back(advice_from("caches", report.caches.problem, "unset CVTOOL_CACHE_LIMIT"));
  if (!report.machine.recipes_there)
    list.push_back(
        {"recipes",
         "The folder of recipes, " + report.machine.recipes + ", is not there: training needs --recipe FILE.",
         is_set(report.machine, "CVTOOL_SHARE") ? "unset CVTOOL_SHARE" : "install cvtool again"});
  if (report.engine && !report.engine->bases_problem.empty())
    list.push_back(advice_from("bases", report.engine->bases_problem, "install cvtool again, or unset CVTOOL_SHARE"));
  for (const FolderFacts& folder : report.machine.folders) {
    const std::string variable = folder.what == "caches"  ? "XDG_CACHE_HOME"
                                 : folder.what == "bases" ? "XDG_DATA_HOME"
                                                          : "";
    const std::string place = "The folder of the " + folder.what + ", " + folder.path;
    const std::string here = "The current folder, " + folder.path;
    if (!folder.writable && !variable.empty())
      list.push_back({"disk", place + ", cannot be written.",
                      "name another one: export " + variable + "=/folder/that/can/be/written" +
                          (folder.what == "caches" ? ", or train with --cache ram" : "")});
    else if (!folder.writable)
      list.push_back({"disk", here + ", cannot be written: train puts its runs there.",
                      "train --project /folder/that/can/be/written"});
    else if (folder.free_bytes >= 0 && folder.free_bytes < kLittleDisk_bytes)
      list.push_back({"disk",
                      (variable.empty() ? here : place) + ", has " + gigabytes(folder.free_bytes) + " of disk left.",
                      folder.what == "caches" ? "cvtool cache clear, or set XDG_CACHE_HOME to a folder on another disk"
                      : variable.empty()      ? "make room, or train --project FOLDER on another disk"
                                              : "make room, or set XDG_DATA_HOME to a folder on another disk"});
  }
}

}  // namespace

std::vector<Advice> advice_of(const DoctorReport& report) {
  AdviceList list;
  for (const auto add : {add_engine, add_matrices, add_gpu, add_cores, add_busy, add_memory, add_files, add_bfloat16})
    add(report, list);
  return list;
}

}  // namespace cvtool
