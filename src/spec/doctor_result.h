// What cvtool doctor finds out: of the machine, of the libraries, and how fast they are together.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/fields.h"

namespace cvtool {

struct DoctorRequest {
  bool measure = true;
};

// A folder that cvtool writes into.
struct FolderFacts {
  std::string what;  // "caches", "bases", "current folder"
  std::string path;
  int64_t free_bytes = -1;  // of its disk; -1: not known
  bool writable = true;
};
inline void fields(const FolderFacts& f, JsonWriter& visit) {
  visit("what", f.what), visit("path", f.path);
  visit("free_bytes", f.free_bytes < 0 ? std::nullopt : std::optional(f.free_bytes)), visit("writable", f.writable);
}

// What is known without the engine.
struct MachineFacts {
  std::string processor;
  std::vector<std::string> instruction_sets;
  bool has_bfloat16 = false;                             // instructions for it
  int64_t cores = 0, cores_allowed = 0, cores_used = 0;  // of the machine; by affinity; what cvtool uses by default
  std::optional<double> core_quota;                      // of a container
  int64_t threads_startable = 0, threads_tried = 0;      // at this moment, beside those that run
  std::optional<double> load;                            // processes that want to run, average of a minute
  int64_t memory_bytes = 0, memory_free_bytes = 0;
  std::optional<int64_t> memory_limit_bytes, address_space_limit_bytes;  // of a container; ulimit -v
  std::vector<FolderFacts> folders;
  std::string recipes;  // folder of recipes and backbones
  bool recipes_there = true;
  std::string nvidia_driver;                       // version; "": none
  std::vector<std::string> gpus;                   // that the driver knows
  int64_t gpu_devices = 0;                         // that this process may open
  std::map<std::string, std::string> environment;  // variables that are set and change the speed
  std::string company;                             // what a launcher says of several processes; "": nothing
};
inline void fields(const MachineFacts& m, JsonWriter& visit) {
  visit("processor", m.processor), visit("instruction_sets", m.instruction_sets), visit("has_bfloat16", m.has_bfloat16);
  visit("cores", m.cores), visit("cores_allowed", m.cores_allowed), visit("core_quota", m.core_quota),
      visit("cores_used", m.cores_used);
  visit("threads_startable", m.threads_startable), visit("threads_tried", m.threads_tried), visit("load_1min", m.load);
  visit("memory_bytes", m.memory_bytes), visit("memory_free_bytes", m.memory_free_bytes);
  visit("memory_limit_bytes", m.memory_limit_bytes), visit("address_space_limit_bytes", m.address_space_limit_bytes);
  visit("folders", m.folders), visit("recipes", m.recipes), visit("recipes_there", m.recipes_there);
  visit("nvidia_driver", m.nvidia_driver), visit("gpus", m.gpus), visit("gpu_devices", m.gpu_devices);
  visit("environment", m.environment);
  visit("processes", m.company.empty() ? std::nullopt : std::optional(m.company));
}

struct CacheFacts {
  int64_t files = 0, bytes = 0;        // of all kinds
  std::optional<int64_t> limit_bytes;  // of pixels and features
  std::string problem;                 // of the limit; "": none
};
inline void fields(const CacheFacts& c, JsonWriter& visit) {
  visit("files", c.files), visit("bytes", c.bytes), visit("limit_bytes", c.limit_bytes);
}

// A backbone for --base.
struct BaseFacts {
  std::string name;
  std::string file;  // "": its weights have not been imported
};
inline void fields(const BaseFacts& b, JsonWriter& visit) { visit("name", b.name), visit("file", b.file); }

// How fast it is. "one": on one core, "all": on all that cvtool uses.
struct MeasuredRates {
  double seconds = 0;  // that the measuring took
  int64_t threads = 1;
  double fp32_one = 0, fp32_all = 0, bf16_one = 0, bf16_all = 0;  // GFLOP/s
  double decode_one = 0, decode_all = 0;                          // photos/s
  double copy_one = 0, copy_all = 0;                              // GB/s read and written
  double cpu_share = 1;                                           // of the processor time that was asked for
};
inline void fields(const MeasuredRates& r, JsonWriter& visit) {
  visit("seconds", r.seconds), visit("threads", r.threads);
  visit("gflops_fp32_one", r.fp32_one), visit("gflops_fp32_all", r.fp32_all);
  visit("gflops_bf16_one", r.bf16_one), visit("gflops_bf16_all", r.bf16_all);
  visit("decode_photos_per_s_one", r.decode_one), visit("decode_photos_per_s_all", r.decode_all);
  visit("memory_gb_per_s_one", r.copy_one), visit("memory_gb_per_s_all", r.copy_all);
  visit("cpu_share", r.cpu_share);
}

// What the engine and its libraries say of themselves.
struct EngineFacts {
  std::string libtorch;                // version
  std::string onednn;                  // version; "": LibTorch has none
  Keyed<std::string> photo_libraries;  // name -> version
  std::string instruction_set;         // what LibTorch uses: "AVX512"
  std::string blas, blas_file;         // what multiplies matrices
  bool blas_is_slow = false;
  bool cuda_built = false;
  int64_t cuda_devices = 0;
  int64_t compute_threads = 0;
  std::string precision, precision_why;  // what --precision auto takes
  std::vector<BaseFacts> bases;
  std::string bases_problem;  // why they cannot be listed; "": they are
  std::optional<MeasuredRates> measured;
};
inline void fields(const EngineFacts& e, JsonWriter& visit) {
  visit("libtorch", e.libtorch), visit("onednn", e.onednn), visit("photo_libraries", e.photo_libraries);
  visit("instruction_set", e.instruction_set);
  visit("blas", e.blas), visit("blas_file", e.blas_file), visit("blas_is_slow", e.blas_is_slow);
  visit("cuda_built", e.cuda_built), visit("cuda_devices", e.cuda_devices);
  visit("compute_threads", e.compute_threads);
  visit("precision_auto", e.precision), visit("precision_auto_why", e.precision_why);
  visit("bases", e.bases);
}

struct Advice {
  std::string about;  // one word: "blas", "threads", "memory"
  std::string text;   // what is the matter
  std::string next;   // what to do
};
inline void fields(const Advice& a, JsonWriter& visit) {
  visit("about", a.about), visit("text", a.text), visit("next", a.next);
}

struct DoctorReport {
  std::string version, compiler;  // of cvtool
  MachineFacts machine;
  CacheFacts caches;
  std::optional<EngineFacts> engine;
  std::string engine_error;  // why there is none; "" where there is
  std::vector<Advice> advice;
};
inline void fields(const DoctorReport& r, JsonWriter& visit) {
  visit("cvtool", r.version), visit("compiler", r.compiler);
  visit("machine", r.machine), visit("caches", r.caches);
  visit("engine", r.engine);
  visit("engine_error", r.engine_error.empty() ? std::nullopt : std::optional(r.engine_error));
  visit("measured", r.engine ? r.engine->measured : std::nullopt);
  visit("advice", r.advice);
}

}  // namespace cvtool
