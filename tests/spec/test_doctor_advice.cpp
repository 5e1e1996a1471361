#include "spec/doctor_advice.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "scratch.h"

using namespace cvtool;

namespace {

// A machine that nothing hinders.
DoctorReport good_report() {
  DoctorReport report;
  MachineFacts& machine = report.machine;
  machine.has_bfloat16 = true;
  machine.cores = machine.cores_allowed = machine.cores_used = 4;
  machine.threads_startable = machine.threads_tried = 16;
  machine.load = 0.5;
  machine.memory_bytes = machine.memory_free_bytes = 16'000'000'000;
  for (const char* what : {"caches", "bases", "current folder"})
    machine.folders.push_back({what, "/there", 50'000'000'000, true});
  EngineFacts& engine = report.engine.emplace();
  engine.libtorch = "1.13.1";
  engine.onednn = "2.7.3";
  engine.blas = "OpenBLAS";
  engine.precision = "bf16";
  MeasuredRates& measured = engine.measured.emplace();
  measured.threads = 4;
  measured.fp32_all = 400, measured.bf16_all = 800;
  measured.decode_one = 300, measured.decode_all = 1150;
  return report;
}

// The only advice for a report, "about: text -> next"; the number of them where it is not one.
std::string only_advice(const DoctorReport& report) {
  const auto list = advice_of(report);
  if (list.size() != 1) return std::to_string(list.size());
  return list[0].about + ": " + list[0].text + " -> " + list[0].next;
}

void check_advice(const DoctorReport& report, const std::vector<std::string>& parts) {
  const std::string text = only_advice(report);
  CAPTURE(text);
  for (const std::string& part : parts) {
    CAPTURE(part);
    CHECK(contains(text, part));
  }
}

}  // namespace

TEST_CASE("A machine that nothing hinders gets no advice") { CHECK(only_advice(good_report()) == "0"); }

TEST_CASE("What slows LibTorch down is told with the command that helps") {
  DoctorReport report = good_report();
  report.engine->blas_is_slow = true;
  report.engine->blas_file = "/usr/lib/blas/libblas.so.3";
  check_advice(report, {"blas: ", "/usr/lib/blas/libblas.so.3", "apt install libopenblas0-pthread"});
  report = good_report();
  report.engine->onednn.clear();
  check_advice(report, {"convolutions: ", "no oneDNN"});
  report = good_report();
  report.machine.environment["ATEN_CPU_CAPABILITY"] = "default";
  check_advice(report, {"ATEN_CPU_CAPABILITY=default is set", "unset ATEN_CPU_CAPABILITY"});
  report = good_report();
  report.machine.has_bfloat16 = false;
  report.engine->precision = "fp32";
  check_advice(report, {"precision: ", "no instructions for bfloat16", "800 against 400", "auto, which takes fp32"});
  report = good_report();
  report.engine->measured->bf16_all = 100;
  check_advice(report, {"bfloat16 is slower", "100 against 400", "train --precision fp32"});
}

TEST_CASE("A GPU that is not used is told with the reason") {
  DoctorReport report = good_report();
  report.machine.nvidia_driver = "535.104.05";
  check_advice(report, {"gpu: ", "535.104.05", "may open no card", "--gpus all"});
  report.machine.gpu_devices = 1;
  check_advice(report, {"built for processors only", "-DCMAKE_PREFIX_PATH"});
  report.engine->cuda_built = true;
  check_advice(report, {"finds no card", "nvidia-smi"});
  report.machine.environment["CUDA_VISIBLE_DEVICES"] = "";
  check_advice(report, {"CUDA_VISIBLE_DEVICES= leaves", "unset CUDA_VISIBLE_DEVICES"});
  report.engine->cuda_devices = 1;
  CHECK(only_advice(report) == "0");
}

TEST_CASE("Limits of cores, threads, memory and disk are told with what raises them") {
  DoctorReport report = good_report();
  report.machine.core_quota = 1.5;
  check_advice(report, {"cores: ", "1.5 of 4 cores", "--cpus"});
  report.machine.core_quota = 8;
  CHECK(only_advice(report) == "0");
  report = good_report();
  report.machine.cores_allowed = 2;
  check_advice(report, {"2 of 4 cores (affinity)", "taskset"});
  report = good_report();
  report.machine.threads_startable = 3;
  check_advice(report, {"threads: ", "only 3 more threads", "ulimit -u"});
  report = good_report();
  report.machine.environment["OPENBLAS_NUM_THREADS"] = "1";
  check_advice(report, {"OPENBLAS_NUM_THREADS=1 is set", "unset OPENBLAS_NUM_THREADS"});
  report.machine.environment["OPENBLAS_NUM_THREADS"] = "4";
  CHECK(only_advice(report) == "0");
  report = good_report();
  report.machine.memory_free_bytes = 500'000'000;
  check_advice(report, {"memory: Only 0.5 GB of memory are free.", "end other programs", "--batch"});
  report.machine.memory_limit_bytes = 1'000'000'000;
  check_advice(report, {"container's limit of 1.0 GB", "docker run --memory"});
  report = good_report();
  report.machine.address_space_limit_bytes = 2'000'000'000;
  check_advice(report, {"limited to 2.0 GB (ulimit -v)", "ulimit -v unlimited"});
  report = good_report();
  report.caches.problem = "CVTOOL_CACHE_LIMIT=x is not a number; write 20000";
  check_advice(report, {"caches: CVTOOL_CACHE_LIMIT=x is not a number. -> write 20000"});
  report = good_report();
  report.machine.recipes = "/share/models", report.machine.recipes_there = false;
  check_advice(report, {"recipes: The folder of recipes, /share/models, is not there", "install cvtool again"});
  report.machine.environment["CVTOOL_SHARE"] = "/share";
  check_advice(report, {"-> unset CVTOOL_SHARE"});
  report = good_report();
  report.engine->bases_problem = "models/bases is not there";
  check_advice(report, {"bases: models/bases is not there. -> install cvtool again"});
  report = good_report();
  report.machine.folders[0].writable = false;
  check_advice(report, {"disk: The folder of the caches, /there, cannot be written", "XDG_CACHE_HOME=", "--cache ram"});
  report = good_report();
  report.machine.folders[1].free_bytes = 1'000'000'000;
  check_advice(report, {"The folder of the bases, /there, has 1.0 GB", "XDG_DATA_HOME"});
  report = good_report();
  report.machine.folders[2].writable = false;
  check_advice(report, {"The current folder, /there, cannot be written", "train --project"});
}

TEST_CASE("A busy machine is told by what was measured, else by its load") {
  DoctorReport report = good_report();
  report.machine.load = 9;
  CHECK(only_advice(report) == "0");  // the measuring saw nothing of it
  report.engine->measured->cpu_share = 0.55;
  report.engine->measured->decode_all = 600;
  check_advice(report, {"busy: ", "it got 55 %", "top"});
  report.engine->measured.reset();
  check_advice(report, {"busy: ", "9.0 processes want its 4 cores"});
  report = good_report();
  report.engine->measured->decode_all = 600;
  check_advice(report, {"cores: ", "4 threads decode only 2.0 times as many photos as one"});
}

TEST_CASE("An engine that does not start is the first to be told, and null in the document") {
  DoctorReport report = good_report();
  report.engine.reset();
  report.engine_error = "cannot load the engine: no libtorch; install both";
  check_advice(report, {"engine: ", "cannot load the engine: no libtorch", "-> install both"});
  const Json document = report;
  CHECK(document.at("engine").is_null());
  CHECK(document.at("measured").is_null());
  CHECK(document.at("engine_error") == "cannot load the engine: no libtorch; install both");
  CHECK(Json(good_report()).at("measured").at("gflops_fp32_all") == 400);
  CHECK(Json(good_report()).at("engine_error").is_null());
}
