#include "model/weights/weight_file.h"

#include <fstream>

#include "base/text.h"
#include "model/weights/weight_files.h"

using namespace cvtool;

namespace {

const WeightFilesCleaner kCleaner;

std::string contiguous(const RawTensor& tensor) {
  std::string bytes(static_cast<size_t>(element_count(tensor.shape)) * element_bytes(tensor.dtype), '\0');
  copy_contiguous(tensor, bytes.data());
  return bytes;
}

void check_equal(const std::string& file) {
  CAPTURE(file);
  const RawStateDict got = read_weight_file(weight_files() + "/" + file);
  const RawStateDict wanted = expected_of(file);
  REQUIRE(got.tensors.size() == wanted.tensors.size());
  for (size_t i = 0; i < wanted.tensors.size(); ++i) {
    CAPTURE(wanted.tensors[i].name);
    CHECK(got.tensors[i].name == wanted.tensors[i].name);
    CHECK(dtype_name(got.tensors[i].dtype) == dtype_name(wanted.tensors[i].dtype));
    CHECK(got.tensors[i].shape == wanted.tensors[i].shape);
    CHECK((contiguous(got.tensors[i]) == contiguous(wanted.tensors[i])));
  }
}

std::string refusal(const std::string& file) {
  const std::string path = weight_files() + "/" + file;
  const std::string message = error_of([&] { read_weight_file(path); });
  CHECK(starts_with(message, path));
  return message;
}

// Without waiting for the disk, as write_file_atomically does.
void write_plainly(const std::string& path, const std::string& bytes) {
  std::filesystem::remove(path);
  std::ofstream(path, std::ios::binary) << bytes;
}

}  // namespace

TEST_CASE("Both formats of torch.save give the values of PyTorch bit for bit") {
  if (skip_without_weight_files()) return;
  for (const char* file : {"net", "parameters", "checkpoint", "wrapped_twice", "parallel", "compiled", "lightning",
                           "compiled_parallel", "averaged", "timm_averaged", "views", "types"}) {
    check_equal(std::string(file) + ".zip.pth");
    check_equal(std::string(file) + ".old.pth");
  }
}

TEST_CASE("What wrappers put before every name is taken off, and remembered") {
  if (skip_without_weight_files()) return;
  CHECK(read_weight_file(weight_files() + "/net.zip.pth").unwrapped.empty());
  CHECK(read_weight_file(weight_files() + "/compiled_parallel.zip.pth").unwrapped == "module._orig_mod.");
}

TEST_CASE("A state dict pickled by Python 2 is read") {
  if (skip_without_weight_files()) return;
  check_equal("python2.old.pth");
}

TEST_CASE("safetensors of every type are read bit for bit, with their metadata") {
  if (skip_without_weight_files()) return;
  check_equal("types.safetensors");
  check_equal("views.safetensors");
  const RawStateDict dict = read_weight_file(weight_files() + "/types.safetensors");
  CHECK(dict.metadata == std::map<std::string, std::string>{{"format", "pt"}, {"made", "by hand"}});
}

TEST_CASE("Keras HDF5 files of both layouts are read bit for bit, in the order of the layers") {
  if (skip_without_weight_files()) return;
  for (const char* file : {"weights.h5", "model.h5", "parts.h5", "many.h5"}) check_equal(file);
}

TEST_CASE("A tfjs model with shards and quantized weights is read as tfjs computes it") {
  if (skip_without_weight_files()) return;
  check_equal("tfjs/model.json");
}

TEST_CASE("What is not a state dict is refused with the reason and the next step") {
  if (skip_without_weight_files()) return;
  CHECK(contains(refusal("object.zip.pth"), "__main__.Strange"));
  CHECK(contains(refusal("object.zip.pth"), "torch.save(model.state_dict(), FILE)"));
  CHECK(contains(refusal("no_tensors.zip.pth"), "without tensors (its keys: 'epoch', 'lr')"));
  CHECK(contains(refusal("list.zip.pth"), "no dictionary"));
  CHECK(contains(refusal("protocol4.zip.pth"), "protocol 4"));
  CHECK(contains(refusal("script.pt"), "TorchScript"));
  CHECK(contains(refusal("script.pt"), "--base"));
  CHECK(contains(refusal("deflated.zip.pth"), "compressed"));
  CHECK(contains(refusal("big_endian.zip.pth"), "big-endian"));
  CHECK(contains(refusal("photos.zip"), "not one of torch.save"));
  CHECK(contains(refusal("beyond.safetensors"), "'a' of shape [4, 4, 5]"));
  CHECK(contains(refusal("overlap.safetensors"), "overlapping"));
  CHECK(contains(refusal("float8.safetensors"), "F8_E4M3"));
  CHECK(contains(refusal("huge.safetensors"), "'a' of shape"));
  CHECK(contains(refusal("keras3.weights.h5"), "model.save(\"FILE.h5\")"));
  CHECK(contains(refusal("elsewhere.h5"), "lacks 'a/kernel:0'"));
  CHECK(contains(refusal("external.h5"), "unusual way"));
  CHECK(contains(refusal("texts.h5"), "layer_names of variable length"));
  CHECK(contains(refusal("compressed.h5"), "compressed or cut into chunks"));
  CHECK(contains(refusal("newer.h5"), "newer layout"));
  CHECK(contains(refusal("huge.h5"), "[1099511627776] reaches beyond its data"));
  CHECK(contains(refusal("tfjs/outside.json"), "not below its own folder"));
  CHECK(contains(refusal("tfjs/missing.json"), "group9.bin"));
  CHECK(contains(refusal("tfjs/short.json"), "'step' of shape [4]"));
  CHECK(contains(refusal("empty.pth"), "empty"));
  CHECK(contains(refusal("page.pth"), "web page"));
  CHECK(contains(refusal("lfs.pth"), "git lfs pull"));
  CHECK(contains(refusal("noise.pth"), "not a weight file"));
  CHECK(contains(error_of([] { read_weight_file("/nonexistent.pth"); }), "/nonexistent.pth: No such file"));
  CHECK(contains(error_of([] { read_weight_file("/tmp"); }), "it is a folder"));
}

TEST_CASE("A file that was cut off anywhere is refused") {
  if (skip_without_weight_files()) return;
  const std::string path = weight_files() + "/cut";
  for (const char* file : {"net.zip.pth", "net.old.pth", "types.safetensors", "weights.h5", "tfjs/model.json"}) {
    const std::string whole = read_file(weight_files() + "/" + file);
    const std::string cut_path = contains(file, "tfjs") ? weight_files() + "/tfjs/cut.json" : path;
    for (size_t size = 0; size < whole.size(); size += 1 + whole.size() / 200) {
      CAPTURE(file);
      CAPTURE(size);
      write_plainly(cut_path, whole.substr(0, size));
      CHECK(error_of([&] { read_weight_file(cut_path); }) != "");
    }
  }
}

TEST_CASE("A file with a damaged byte is read or refused, and nothing else happens") {
  if (skip_without_weight_files()) return;
  const std::string path = weight_files() + "/damaged";
  for (const char* file : {"views.zip.pth", "views.old.pth", "types.safetensors"}) {
    const std::string whole = read_file(weight_files() + "/" + file);
    int refused = 0;
    for (size_t at = 0; at < whole.size(); at += 3) {
      std::string bytes = whole;
      bytes[at] = static_cast<char>(bytes[at] ^ 0x41);
      write_plainly(path, bytes);
      refused += error_of([&] { read_weight_file(path); }).empty() ? 0 : 1;
    }
    CHECK(refused > 10);
  }
}
