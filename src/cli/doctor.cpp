// cvtool doctor: what the machine is, and what hinders cvtool on it.
#include <spdlog/spdlog.h>
#include <sys/resource.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <filesystem>

#include "base/cache_files.h"
#include "base/disk.h"
#include "base/error.h"
#include "base/files.h"
#include "base/launch.h"
#include "base/machine.h"
#include "base/output.h"
#include "base/processor.h"
#include "base/version.h"
#include "cli/command.h"
#include "cli/command_app.h"
#include "cli/console.h"
#include "cli/doctor_text.h"
#include "spec/doctor_advice.h"

namespace cvtool {
namespace {

std::string compiler_text() {
#if defined(__clang__)
  return std::string("clang ") + std::to_string(__clang_major__) + "." + std::to_string(__clang_minor__) + "." +
         std::to_string(__clang_patchlevel__);
#elif defined(__GNUC__)
  return std::string("GCC ") + std::to_string(__GNUC__) + "." + std::to_string(__GNUC_MINOR__) + "." +
         std::to_string(__GNUC_PATCHLEVEL__);
#else
  return "an unknown compiler";
#endif
}

FolderFacts folder_facts(const std::string& what, const std::string& path) {
  return {what, path, free_disk_bytes(path), is_writable(path)};
}

std::optional<int64_t> address_space_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return std::nullopt;
  return static_cast<int64_t>(limit.rlim_cur);
}

std::map<std::string, std::string> speed_variables() {
  std::map<std::string, std::string> found;
  for (const char* name : {"OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OMP_PROC_BIND",
                           "GOMP_CPU_AFFINITY", "ATEN_CPU_CAPABILITY", "ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA",
                           "CUDA_VISIBLE_DEVICES", "CVTOOL_CACHE_LIMIT", "CVTOOL_SHARE", "CVTOOL_BASES", "LD_PRELOAD"})
    if (const char* value = std::getenv(name)) found[name] = value;
  return found;
}

std::string company_text() {
  try {
    const std::optional<Launch> launch = launch_from_environment();
    return launch ? launch_text(*launch) : "";
  } catch (const Error& error) {
    return error.what();
  }
}

MachineFacts machine_facts() {
  MachineFacts facts;
  const Processor cpu = processor();
  facts.processor = cpu.name;
  facts.instruction_sets = cpu.instruction_sets;
  facts.has_bfloat16 = cpu.has_bfloat16();
  facts.cores = static_cast<int64_t>(machine_cores());
  facts.cores_allowed = static_cast<int64_t>(allowed_cores());
  facts.core_quota = core_quota();
  const size_t usable = usable_cores(), tried = 4 * usable;  // affordable_threads() wants so many
  facts.cores_used = static_cast<int64_t>(usable);
  facts.threads_tried = static_cast<int64_t>(tried);
  facts.threads_startable = static_cast<int64_t>(startable_threads(tried));
  facts.load = load_average();
  facts.memory_bytes = memory_total_bytes();
  facts.memory_free_bytes = free_memory_bytes();
  facts.memory_limit_bytes = memory_limit_bytes();
  facts.address_space_limit_bytes = address_space_limit();
  std::error_code error;
  const std::string here = std::filesystem::current_path(error).string();
  facts.folders = {folder_facts("caches", cache_folder()), folder_facts("bases", user_data_folder()),
                   folder_facts("current folder", error ? "." : here)};
  facts.recipes = share_folder() + "/models";
  facts.recipes_there = std::filesystem::is_directory(facts.recipes + "/recipes", error);
  facts.company = company_text();
  const NvidiaDriver driver = nvidia_driver();
  facts.nvidia_driver = driver.version;
  facts.gpus = driver.gpus;
  facts.gpu_devices = driver.devices;
  facts.environment = speed_variables();
  return facts;
}

CacheFacts cache_facts() {
  CacheFacts facts;
  for (const CacheFile& file : cache_files()) ++facts.files, facts.bytes += file.bytes;
  try {
    if (const int64_t limit = cache_limit_bytes(); limit < INT64_MAX) facts.limit_bytes = limit;
  } catch (const Error& error) {
    facts.problem = error.what();
  }
  return facts;
}

class DoctorCommand {
 public:
  explicit DoctorCommand(CommandApp& app) {
    app.example("cvtool doctor", "with five seconds of measuring");
    app.example("cvtool doctor --quick --json >machine.json", "for a report of a fault");
    app.add_flag("--quick", quick_, "leave out the five seconds of measuring");
    app.add_flag("--json", json_, "print one JSON document");
  }

  int run(Console& console) const {
    DoctorReport report;
    report.version = kVersion;
    report.compiler = compiler_text();
    // First: to load the engine changes some of it.
    report.machine = machine_facts();
    report.caches = cache_facts();
    ask_engine(report, console);
    report.advice = advice_of(report);
    print(json_ ? text_from_json(report) : doctor_text(report));
    if (!report.engine) throw Error(report.engine_error);
    return 0;
  }

 private:
  void ask_engine(DoctorReport& report, Console& console) const {
    const Engine* engine = nullptr;
    try {
      engine = &load_engine();
    } catch (const Error& error) {
      // What is known without it says why, perhaps.
      report.engine_error = error.what();
      return;
    }
    if (!quick_) spdlog::info("measuring for five seconds; --quick leaves it out");
    report.engine = engine->doctor({!quick_}, console);
    console.clear_bar();
  }

  bool quick_ = false, json_ = false;
};

}  // namespace

Command make_doctor(CommandApp& app) { return light_command_of<DoctorCommand>(app); }

}  // namespace cvtool
