#include <ATen/ATen.h>
#include <spdlog/spdlog.h>
#include <torch/script.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/files.h"
#include "base/output.h"
#include "base/text.h"
#include "engine/export/export_formats.h"
#include "engine/jobs.h"
#include "engine/output_check.h"
#include "export/header.h"
#include "export/torchscript.h"
#include "model/archived/base.h"
#include "model/archived/weight_archive.h"
#include "model/model_info.h"
#include "torch/device.h"

namespace fs = std::filesystem;

namespace cvtool {
namespace {

constexpr double kTorchscriptTolerance = 1e-5, kOnnxTolerance = 1e-4, kMinAgreement = 0.99;

CommandInputs inputs_of(const ExportRequest& request, const ExportSource& source) {
  return {{source.path, request.options.verify_data, request.options.calibrate}, nullptr};
}

struct Format {
  const char* name;
  const char* extension;
  OutputKind kind;
  Written (*write)(const ExportJob& job, const at::Tensor& expected);
};

double milliseconds_of(const std::function<void()>& work) {
  std::vector<double> times;
  for (int i = 0; i < 7; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    work();
    // The first two warm up.
    if (i >= 2)
      times.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

double module_milliseconds(torch::jit::Module module, const at::Tensor& picture) {
  at::NoGradGuard no_grad;
  return milliseconds_of([&] { module.forward({picture}); });
}

// Fraction of pictures with the same most probable class.
double agreement(const at::Tensor& a, const at::Tensor& b) {
  return (a.flatten(1).argmax(1) == b.flatten(1).argmax(1)).to(at::kDouble).mean().item<double>();
}

}  // namespace

ExportCheck check_of(const std::string& reader, double difference, const at::Tensor& outputs,
                     const at::Tensor& expected) {
  ExportCheck check{reader, difference, {}, "", ""};
  if (outputs.defined()) check.agreement = agreement(outputs, expected);
  return check;
}

namespace {

// The same net with the same weights gives the same bits.
double tolerance_of(const std::string& format) {
  return format == "onnx" ? kOnnxTolerance : format == "safetensors" ? 0 : kTorchscriptTolerance;
}

}  // namespace

void judge(const std::vector<ExportCheck>& checks, const ExportOptions& options) {
  for (const ExportCheck& check : checks) {
    if (!check.refused.empty() || !check.caveat.empty()) continue;
    const double tolerance = tolerance_of(options.format);
    const bool exact = options.precision == "fp32";
    if (exact ? check.difference <= tolerance : check.agreement.value_or(1) >= kMinAgreement) continue;
    throw Error("the exported file, read by " + check.reader + ", differs from the model: " +
                (exact ? "by " + Json(check.difference).dump()
                       : "only " + fixed(100 * *check.agreement, 1) + " % of the pictures keep their class") +
                "; it was not kept");
  }
}

namespace {

Written write_torchscript(const ExportJob& job, const at::Tensor& expected) {
  const ExportOptions& options = job.request.options;
  const ModelFile frozen = frozen_for_export(*job.source.model, {options.precision, options.with_resize});
  AtomicFile file(job.output);
  const std::string bytes = model_bytes(frozen);
  file.write(bytes);
  const ModelFile back = load_model(file.temporary());
  Written written;
  written.bytes = bytes.size();
  written.outputs = outputs_of(back.module, job.pictures.pixels);
  written.checks.push_back(check_of("a fresh TorchScript interpreter",
                                    (written.outputs - expected).abs().max().item<double>(), written.outputs,
                                    expected));
  written.milliseconds = module_milliseconds(back.module, job.pictures.pixels.narrow(0, 0, 1));
  judge(written.checks, options);
  file.keep();
  return written;
}

// A base of another program is not in the file: what was exported lends it.
torch::jit::Module net_read_back(const WeightArchive& archive, const ExportJob& job) {
  const Json base = archive.info.value("base", Json());
  if (!base.is_object() || base.contains("net")) return module_of(archive);
  if (base_file_of_digest(base).empty()) spdlog::warn("{}: {}", job.output, missing_base_text(base));
  const torch::jit::Module own = job.source.module.attr("base").toModule();
  return module_of(archive, &own);
}

// FILE.safetensors, and the recipe beside it where there is a beside.
Written write_archive(const ExportJob& job, const at::Tensor& expected) {
  const std::string recipe =
      is_stream(job.output) ? "/dev/null" : fs::path(job.output).replace_extension(".json").string();
  if (!is_stream(job.output))
    check_output_beside(recipe, OutputKind::kText, job.output, inputs_of(job.request, job.source));
  AtomicFile file(job.output), recipe_file(recipe);
  const std::string bytes = weight_archive_bytes(*job.source.model);
  file.write(bytes);
  recipe_file.write(text_from_json(job.source.model->info.at("recipe")));
  const WeightArchive archive = read_weight_archive(file.temporary(), read_file(file.temporary()));
  const torch::jit::Module back = net_read_back(archive, job);
  Written written;
  written.bytes = bytes.size();
  written.outputs = outputs_of(back, job.pictures.pixels);
  written.checks.push_back(check_of("a net compiled anew", (written.outputs - expected).abs().max().item<double>(),
                                    written.outputs, expected));
  written.milliseconds = module_milliseconds(back, job.pictures.pixels.narrow(0, 0, 1));
  judge(written.checks, job.request.options);
  file.keep();
  recipe_file.keep();
  if (!is_stream(job.output)) written.also = {recipe};
  return written;
}

// FILE.h, and beside it FILE.cpp and the TorchScript file that it loads.
Written write_header(const ExportJob& job, const at::Tensor& expected) {
  const std::string stem = (fs::path(job.output).parent_path() / fs::path(job.output).stem()).string();
  const ExportJob torchscript{job.request, job.source, job.pictures, job.observer, stem + ".pt"};
  check_output_beside(stem + ".cpp", OutputKind::kText, job.output, inputs_of(job.request, job.source));
  check_output(torchscript.output, OutputKind::kModel, inputs_of(job.request, job.source));
  AtomicFile header(job.output), source(stem + ".cpp");
  const HeaderFiles files =
      header_files(*job.source.model, {fs::path(stem).filename().string(), job.request.options.with_resize});
  header.write(files.header);
  source.write(files.source);
  Written written = write_torchscript(torchscript, expected);
  written.bytes = files.header.size();
  header.keep();
  source.keep();
  written.also = {stem + ".cpp", stem + ".pt"};
  return written;
}

const Format& format_named(const std::string& name) {
  static const std::vector<Format> formats{
      {"torchscript", ".pt", OutputKind::kModel, write_torchscript},
      {"onnx", ".onnx", OutputKind::kOnnx, write_onnx},
      {"safetensors", ".safetensors", OutputKind::kSafetensors, write_archive},
      {"header", ".h", OutputKind::kText, write_header},
  };
  for (const Format& format : formats)
    if (name == format.name) return format;
  throw UsageError("--format: unknown format '" + name + "'");
}

void check_options(const ExportOptions& options, const ExportSource& source) {
  const bool torchscript = options.format == "torchscript" || options.format == "header";
  const bool onnx = options.format == "onnx";
  if (options.with_resize && !torchscript && !onnx)
    throw UsageError("--with-resize: is for --format torchscript, header and onnx");
  if (options.with_resize && !source.model)
    throw UsageError("--with-resize: " + source.path +
                     " is not a cvtool model, so nothing says how photos are resized for it");
  if (options.opset != ExportOptions().opset && !onnx) throw UsageError("--opset: is for --format onnx");
  if (!options.calibrate.empty() && options.format != "onnx") throw UsageError("--calibrate: is for --format onnx");
  if (options.format == "safetensors" && options.precision != "fp32")
    throw UsageError("--precision: safetensors keeps the weights as they are (fp32)");
  if (options.format == "safetensors" && source.model && source.model->info.contains("export"))
    throw Error(source.path + ": is an export, whose weights are constants without names; export the run's best.pt");
  if (!source.model && options.format != "onnx")
    throw Error(source.path + ": is TorchScript but not a cvtool model; only --format onnx can be written from it");
}

std::string output_path(const ExportRequest& request, const ExportSource& source, const char* extension) {
  const fs::path beside = fs::path(source.path).parent_path() / (std::string("exported") + extension);
  const std::string output = request.output.empty() ? beside.string() : request.output;
  if (request.options.format == "header" && fs::path(output).extension() != extension)
    throw UsageError("-o " + output + ": must end in .h; FILE.cpp and FILE.pt are written beside it");
  for (const char c : fs::path(output).stem().string())
    if (request.options.format == "header" && (c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20))
      throw UsageError("-o " + output + ": C++ cannot include a file of this name; leave quotes and backslashes out");
  return output;
}

void tell_what_stays_behind(const ExportSource& source, const ExportOptions& options) {
  if (!source.model || (options.format != "onnx" && options.precision == "fp32")) return;
  const Json& info = source.model->info;
  if (info.contains(kUnknownKey) || info.contains(kCoverageKey))
    spdlog::info("what predict --unknown and --coverage ask of the model is not in this file: {}",
                 options.format == "onnx" ? "ONNX has no place for it" : "it was fitted in fp32");
}

int64_t bytes_of(const std::string& file) { return static_cast<int64_t>(fs::file_size(file)); }

}  // namespace

ExportResult export_job(const ExportRequest& request, Observer& observer) {
  // Files are written and checked on the processor; a device that is not there is an error all the same.
  device_from_text(request.run.device);
  const Format& format = format_named(request.options.format);
  prepare_process(static_cast<int>(request.run.threads));
  const ExportSource source = open_export_source(request);
  check_options(request.options, source);
  const std::string output = output_path(request, source, format.extension);
  check_output(output, format.kind, inputs_of(request, source));
  const ExportPictures pictures = export_pictures(source, request, observer);
  const at::Tensor expected = outputs_of(source.module, pictures.pixels);
  if (!expected.isfinite().all().item<bool>())
    throw Error(source.path + ": gives NaN or infinity for " + pictures.what +
                ", so an exported file could not be compared with it; train it again, or save a net that does not");
  tell_what_stays_behind(source, request.options);
  const ExportJob job{request, source, pictures, observer, output};
  Written written = format.write(job, expected);
  const double milliseconds = module_milliseconds(source.module, pictures.pixels.narrow(0, 0, 1));
  ExportResult result{job.output, request.options.format, request.options.precision, pictures.what, {}, {}, {}};
  result.checks = std::move(written.checks);
  result.table = {{"model", bytes_of(source.path), milliseconds, {}},
                  {"exported", static_cast<int64_t>(written.bytes), written.milliseconds, {}}};
  if (!pictures.labels.empty()) {
    result.table[0].accuracy = accuracy_of(expected, pictures.labels);
    result.table[1].accuracy = accuracy_of(written.outputs, pictures.labels);
  }
  result.also = std::move(written.also);
  return result;
}

}  // namespace cvtool
