#include "engine/output_check.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "data/archive/photo_place.h"
#include "data/decode/image_format.h"
#include "model/model_file.h"
#include "model/weights/file_kind.h"
#include "model/weights/h5.h"
#include "model/weights/safetensors.h"
#include "run/run_directory.h"

namespace fs = std::filesystem;

namespace cvtool {
namespace {

constexpr size_t kTextBytes = 4096;  // so many first bytes tell whether a file is a text

[[noreturn]] void refuse_output(const std::string& path, const std::string& what) {
  throw UsageError(path + ": " + what + "; give another name, or delete it first");
}

bool same_file(const struct stat& output, const std::string& input) {
  struct stat status {};
  return !input.empty() && ::stat(input.c_str(), &status) == 0 && status.st_dev == output.st_dev &&
         status.st_ino == output.st_ino;
}

// The file itself, or the archive that it lies in.
std::string file_of(const std::string& path) {
  const auto archived = archive_path(path);
  return archived ? archived->archive : path;
}

// "" where the output is none of them.
std::string input_at(const struct stat& output, const CommandInputs& inputs) {
  for (const std::string& file : inputs.files)
    if (same_file(output, file)) return file;
  if (!inputs.dataset) return "";
  for (const auto* split :
       {&inputs.dataset->train, &inputs.dataset->valid, &inputs.dataset->test, &inputs.dataset->calibration})
    for (const Sample& sample : *split)
      if (const std::string file = file_of(sample_path(inputs.dataset->root, sample.path)); same_file(output, file))
        return file;
  return "";
}

bool is_text(const std::string& bytes) {
  const auto end = bytes.begin() + static_cast<std::ptrdiff_t>(std::min(bytes.size(), kTextBytes));
  return std::none_of(bytes.begin(), end, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 && byte != '\n' && byte != '\r' && byte != '\t' && byte != '\f';
  });
}

bool is_torchscript(const std::string& bytes) {
  return bytes.compare(0, 2, "PK") == 0 && kind_of_file({nullptr, bytes}).what.empty();
}

bool is_of_kind(const std::string& bytes, OutputKind kind, const std::string& path) {
  const ImageFormat promised = format_of_extension(path);
  switch (kind) {
    case OutputKind::kPicture:
      return image_format(bytes) == (promised == ImageFormat::kUnknown ? ImageFormat::kPng : promised);
    case OutputKind::kText:
      return is_text(bytes) && !begins_like_image(bytes);
    case OutputKind::kModel:
      return is_torchscript(bytes);
    case OutputKind::kOnnx:
      return begins_like_onnx(bytes);
    case OutputKind::kSafetensors:
      return is_safetensors(bytes);
  }
  return false;
}

std::string content_text(const std::string& bytes, const std::string& path) {
  if (begins_like_image(bytes)) return std::string("a ") + format_name(image_format(bytes)) + " picture";
  if (is_torchscript(bytes)) return is_model_file(path) ? "a model file" : "a TorchScript file";
  if (bytes.compare(0, 2, "PK") == 0) return "an archive without a net (weights, a checkpoint)";
  if (begins_like_onnx(bytes)) return "an ONNX file";
  if (is_safetensors(bytes)) return is_model_file(path) ? "a model file (safetensors)" : "a safetensors file";
  if (is_h5(bytes)) return "an HDF5 file";
  return is_text(bytes) ? "a text" : "of an unknown kind";
}

std::string kind_text(OutputKind kind, const std::string& path) {
  const ImageFormat promised = format_of_extension(path);
  switch (kind) {
    case OutputKind::kPicture:
      return std::string("a ") + (promised == ImageFormat::kUnknown ? "PNG" : format_name(promised)) + " picture";
    case OutputKind::kText:
      return "a text";
    case OutputKind::kModel:
      return "a TorchScript file";
    case OutputKind::kOnnx:
      return "an ONNX file";
    case OutputKind::kSafetensors:
      return "a safetensors file";
  }
  return "";
}

bool is_old_file(const std::string& path, struct stat& status) {
  return !is_stream(path) && ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

void refuse_input(const std::string& path, const CommandInputs& inputs) {
  struct stat status {};
  if (!is_old_file(path, status)) return;
  if (const std::string input = input_at(status, inputs); !input.empty())
    refuse_output(path, "is a file that this command reads" + (input == path ? std::string() : ", " + input));
}

void refuse_other_kind(const std::string& path, OutputKind kind) {
  struct stat status {};
  if (!is_old_file(path, status) || status.st_size == 0) return;
  const std::string bytes = read_file(path);
  if (!is_of_kind(bytes, kind, path))
    refuse_output(path, "is there already and is " + content_text(bytes, path) + ", not " + kind_text(kind, path));
}

// Whether `path` lies in `folder` or is it; both canonical.
bool lies_below(const fs::path& path, const fs::path& folder) {
  return std::mismatch(folder.begin(), folder.end(), path.begin(), path.end()).first == folder.end();
}

// Where the photos of the data set lie.
std::set<fs::path> photo_folders(const Dataset& dataset) {
  std::set<fs::path> as_written, folders;
  for (const Sample& sample : dataset.all())
    as_written.insert(fs::path(sample_path(dataset.root, sample.path)).parent_path());
  std::error_code error;
  for (const fs::path& folder : as_written) folders.insert(fs::weakly_canonical(fs::absolute(folder), error));
  return folders;
}

// Whether list_folder would look into this folder, which lies in that of the data set, for photos.
bool becomes_part(const fs::path& inside, const Dataset& dataset, const std::set<fs::path>& folders,
                  const fs::path& root) {
  const fs::path first = *inside.begin();
  const bool class_of_it = std::find(dataset.classes.begin(), dataset.classes.end(), first) != dataset.classes.end();
  if (first == "runs" && !class_of_it) return false;  // passed over
  if (dataset.layout != "folders") return true;
  // A folder beside the splits is none of them.
  return std::any_of(folders.begin(), folders.end(),
                     [&](const fs::path& folder) { return lies_below(folder, root / first); });
}

}  // namespace

void check_output(const std::string& path, OutputKind kind, const CommandInputs& inputs) {
  refuse_input(path, inputs);
  if (is_file_of_a_run(path)) refuse_output(path, "was written by the training of the run in this folder");
  refuse_other_kind(path, kind);
}

void check_outputs_in(const std::string& folder, const std::vector<std::string>& names, const CommandInputs& inputs) {
  for (const std::string& name : names) {
    const bool picture = format_of_extension(name) != ImageFormat::kUnknown;
    const std::string path = (fs::path(folder) / name).string();
    refuse_input(path, inputs);
    refuse_other_kind(path, picture ? OutputKind::kPicture : OutputKind::kText);
  }
}

void check_output_beside(const std::string& beside, OutputKind kind, const std::string& path,
                         const CommandInputs& inputs) {
  std::error_code error;
  if (fs::is_regular_file(beside, error) && !fs::exists(path, error))
    refuse_output(beside, "is another file, and goes where " + path + " needs a file beside it");
  check_output(beside, kind, inputs);
}

void check_output_folder(const std::string& flag, const std::string& folder, const Dataset& dataset) {
  std::error_code error;
  const fs::path output = fs::weakly_canonical(fs::absolute(folder), error),
                 root = fs::weakly_canonical(fs::absolute(dataset.root), error);
  const std::string where = flag + " " + folder + ": ";
  const std::set<fs::path> folders = photo_folders(dataset);
  if (folders.count(output)) throw UsageError(where + "photos of the data set lie in it; give another folder");
  if (dataset.layout == "csv" || !lies_below(output, root)) return;
  const fs::path inside = output.lexically_relative(root);
  if (inside == "." || becomes_part(inside, dataset, folders, root))
    throw UsageError(where + "lies in the data set " + dataset.root +
                     ", and what is written there would be taken for a part of it; give a folder outside of it");
}

}  // namespace cvtool
