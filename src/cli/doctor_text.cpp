#include "cli/doctor_text.h"

#include <algorithm>
#include <cstddef>

#include "base/output.h"
#include "base/text.h"
#include "cli/cells.h"

namespace cvtool {
namespace {

constexpr size_t kColumns = 100;
constexpr size_t kLabelWidth = 16;

// Words in lines of kColumns at most; all lines but the first begin with `indent` blanks, and the first is so far in
// already.
std::string wrapped(const std::string& text, size_t indent) {
  std::string out;
  size_t column = indent;
  bool begins = true;
  for (const std::string& word : split(text, ' ')) {
    if (!begins && column + 1 + word.size() > kColumns) {
      out += "\n" + std::string(indent, ' ');
      column = indent;
      begins = true;
    }
    out += (begins ? "" : " ") + word;
    column += word.size() + (begins ? 0 : 1);
    begins = false;
  }
  return out + "\n";
}

// "  label         text".
std::string labelled(const std::string& label, const std::string& text) {
  constexpr size_t kIndent = 2 + kLabelWidth;
  return "  " + padded(label, kLabelWidth) + wrapped(text, kIndent);
}

std::string version_of(const Keyed<std::string>& libraries, const std::string& name) {
  const auto found =
      std::find_if(libraries.begin(), libraries.end(), [&](const auto& one) { return one.first == name; });
  return found == libraries.end() ? "unknown" : found->second;
}

std::string versions_section(const DoctorReport& report) {
  std::string text = "versions\n" + labelled("cvtool", report.version + ", built with " + report.compiler);
  if (!report.engine) return text + labelled("LibTorch", "not loaded: " + printable(report.engine_error));
  const EngineFacts& engine = *report.engine;
  const bool plain = engine.instruction_set == "DEFAULT";
  text += labelled("LibTorch", engine.libtorch + ", its own operations use " +
                                   (plain ? "neither AVX2 nor AVX-512" : engine.instruction_set + " instructions"));
  text += labelled("matrices", engine.blas + (engine.blas_file.empty() ? ", a part of LibTorch"
                                                                       : ", " + printable(engine.blas_file)));
  text += labelled("convolutions", engine.onednn.empty() ? "LibTorch's own, slow" : "oneDNN " + engine.onednn);
  return text + labelled("photos", "OpenCV " + version_of(engine.photo_libraries, "opencv") + ", libheif " +
                                       version_of(engine.photo_libraries, "heif"));
}

std::string cores_text(const MachineFacts& machine) {
  std::string text = std::to_string(machine.cores);
  if (machine.cores_allowed < machine.cores)
    text += ", this process may run on " + std::to_string(machine.cores_allowed);
  if (machine.core_quota) text += ", a quota allows the time of " + number_text(*machine.core_quota);
  const bool all = machine.cores_used == machine.cores;
  return text + "; cvtool uses " + (all ? "all" : std::to_string(machine.cores_used));
}

std::string memory_line(const MachineFacts& machine) {
  std::string text = size_text(machine.memory_free_bytes) + " free of " + size_text(machine.memory_bytes);
  if (machine.memory_limit_bytes) text += ", limited to " + size_text(*machine.memory_limit_bytes) + " by a container";
  if (machine.address_space_limit_bytes) text += ", ulimit -v " + size_text(*machine.address_space_limit_bytes);
  return text;
}

std::string gpu_text(const DoctorReport& report) {
  const MachineFacts& machine = report.machine;
  std::string text = machine.nvidia_driver.empty()
                         ? "no NVIDIA driver"
                         : "NVIDIA driver " + machine.nvidia_driver + ", " + counted(machine.gpu_devices, "card") +
                               " for this process" +
                               (machine.gpus.empty() ? "" : " (" + join(machine.gpus, ", ") + ")");
  if (!report.engine) return text;
  if (!report.engine->cuda_built) return text + "; LibTorch is built without CUDA";
  return text + "; LibTorch has CUDA and finds " + counted(report.engine->cuda_devices, "card");
}

std::string machine_section(const DoctorReport& report) {
  const MachineFacts& machine = report.machine;
  const std::string sets = join(machine.instruction_sets, " ");
  std::string text =
      "machine\n" + labelled("processor", printable(machine.processor.empty() ? "unknown" : machine.processor));
  text += labelled("instructions", sets.empty() ? "unknown" : sets);
  text += labelled("cores", cores_text(machine));
  text += labelled("threads", (machine.threads_startable < machine.threads_tried ? "only " : "at least ") +
                                  counted(machine.threads_startable, "more thread") + " can be started");
  if (machine.load)
    text += labelled("load", fixed(*machine.load, 1) + " processes want to run (average of the last minute)");
  text += labelled("memory", memory_line(machine));
  if (!machine.company.empty()) text += labelled("processes", printable(machine.company));
  text += labelled("GPU", gpu_text(report));
  if (report.engine)
    text += labelled("precision",
                     "--precision auto takes " + report.engine->precision + ": " + report.engine->precision_why);
  for (const auto& [name, value] : machine.environment) text += labelled("environment", name + "=" + printable(value));
  return text;
}

std::string files_section(const DoctorReport& report) {
  std::string text = "files\n";
  for (const FolderFacts& folder : report.machine.folders) {
    std::string about = printable(folder.path);
    about += folder.free_bytes < 0 ? "" : ", " + size_text(folder.free_bytes) + " of disk free";
    text += labelled(folder.what, about + (folder.writable ? "" : ", CANNOT BE WRITTEN"));
  }
  text += labelled("recipes", printable(report.machine.recipes) + (report.machine.recipes_there ? "" : ", NOT THERE"));
  text += labelled("cached", size_text(report.caches.bytes) + " in " + counted(report.caches.files, "file") +
                                 (report.caches.limit_bytes
                                      ? ", pixels and features limited to " + size_text(*report.caches.limit_bytes)
                                      : "") +
                                 " (cvtool cache list)");
  if (!report.engine || !report.engine->bases_problem.empty()) return text;
  std::vector<std::string> there, missing;
  for (const BaseFacts& base : report.engine->bases) (base.file.empty() ? missing : there).push_back(base.name);
  std::string bases = there.empty() ? "none imported" : "imported: " + printable(join(there, ", "));
  if (!missing.empty()) bases += "; known: " + join(missing, ", ") + " (cvtool import NAME)";
  return text + labelled("--base", bases);
}

std::string measured_section(const MeasuredRates& rates) {
  const auto row = [](const std::string& what, double one, double all) {
    const int decimals = all < 10 ? 1 : 0;
    return std::vector<std::string>{"  " + what, fixed(one, decimals), fixed(all, decimals)};
  };
  std::string text =
      table_text({{"measured in " + duration_text(rates.seconds), "1 thread", "all " + std::to_string(rates.threads)},
                  row("matrix products in float32, GFLOP/s", rates.fp32_one, rates.fp32_all),
                  row("matrix products in bfloat16, GFLOP/s", rates.bf16_one, rates.bf16_all),
                  row("JPEG photos of 640 x 480 decoded per second", rates.decode_one, rates.decode_all),
                  row("memory read and written in copying, GB/s", rates.copy_one, rates.copy_all)});
  return text + "  (GFLOP/s: 1,000,000,000 additions or multiplications per second)\n" +
         wrapped(
             "  of the processor time that cvtool asked for meanwhile it got " + fixed(100 * rates.cpu_share, 0) + " %",
             2);
}

std::string advice_section(const std::vector<Advice>& list) {
  if (list.empty()) return "advice\n  none: nothing was found that hinders cvtool here\n";
  std::string text = "advice\n";
  for (const Advice& advice : list)
    text += "  - " + wrapped(printable(advice.text), 4) + "    next: " + wrapped(printable(advice.next), 10);
  return text;
}

}  // namespace

std::string doctor_text(const DoctorReport& report) {
  std::string text = versions_section(report) + "\n" + machine_section(report) + "\n" + files_section(report) + "\n";
  if (report.engine && report.engine->measured) text += measured_section(*report.engine->measured) + "\n";
  return text + advice_section(report.advice);
}

}  // namespace cvtool
