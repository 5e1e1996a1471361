#include <ATen/Context.h>
#include <ATen/Parallel.h>

#include <filesystem>

#include "base/error.h"
#include "base/loaded_libraries.h"
#include "data/decode/versions.h"
#include "engine/doctor_rates.h"
#include "engine/jobs.h"
#include "model/bases/backbone_file.h"
#include "torch/device.h"
#include "torch/matrix_rate.h"

namespace cvtool {
namespace {

// A backbone is there when its file is in one of the folders; without a file its weights have not been imported.
std::vector<BaseFacts> base_facts() {
  std::vector<BaseFacts> bases;
  std::error_code error;
  for (const std::string& name : known_backbones()) {
    bases.push_back({name, ""});
    for (const std::string& folder : backbone_folders()) {
      const std::string file = folder + "/" + name + ".pt";
      if (bases.back().file.empty() && std::filesystem::is_regular_file(file, error)) bases.back().file = file;
    }
  }
  return bases;
}

}  // namespace

EngineFacts doctor_job(const DoctorRequest& request, Observer& observer) {
  prepare_process(0);
  EngineFacts facts;
  facts.libtorch = torch_version();
  facts.onednn = onednn_version();
  facts.photo_libraries = decoder_list();
  facts.instruction_set = torch_instruction_set();
  const MatrixLibrary library = matrix_library();
  facts.blas = library.name;
  facts.blas_file = library.file;
  facts.blas_is_slow = library.name == kReferenceBlas;
  facts.cuda_built = is_cuda_build();
  facts.cuda_devices = at::hasCUDA() ? static_cast<int64_t>(at::detail::getCUDAHooks().getNumGPUs()) : 0;
  facts.compute_threads = at::get_num_threads();
  facts.precision = precision_text(precision_from_text("auto", device_from_text("auto"), facts.precision_why));
  try {
    facts.bases = base_facts();
  } catch (const Error& error) {
    facts.bases_problem = error.what();  // the rest is worth to be known all the same
  }
  if (request.measure) facts.measured = measured_rates(observer);
  return facts;
}

}  // namespace cvtool
