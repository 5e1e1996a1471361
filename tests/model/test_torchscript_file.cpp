// TorchScript from anywhere: what it is, is named; what it does, is tried.
#include "model/torchscript_file.h"

#include <ATen/ATen.h>
#include <doctest/doctest.h>
#include <torch/script.h>
#include <zip.h>

#include <functional>
#include <sstream>

#include "base/error.h"
#include "base/files.h"
#include "model/bases/backbone_file.h"
#include "model/model_file.h"
#include "model/weights/zip.h"
#include "scratch.h"

using namespace cvtool;

namespace {

torch::jit::Module module_of(const std::string& code) {
  at::manual_seed(1);
  torch::jit::Module module("Net");
  module.register_attribute("training", c10::BoolType::get(), false);
  module.register_parameter("kernel", at::randn({4, 3, 3, 3}), false);
  module.register_parameter("grey", at::randn({4, 1, 3, 3}), false);
  module.define(code);
  return module;
}

std::string trial(const std::string& code, const at::ScalarType type = at::kFloat) {
  torch::jit::Module module = module_of(code);
  module.to(type);
  try {
    trial_output(module, {8, 8}, "--model FILE");
  } catch (const Error& error) {
    CHECK(contains(error.what(), "--model FILE: "));
    return error.what();
  }
  return "";
}

std::string forward(const std::string& result) {
  return "def forward(self, x):\n    y = torch.conv2d(x, self.kernel).mean([2, 3])\n    return " + result + "\n";
}

std::string archive_of(const torch::jit::Module& module) {
  std::ostringstream bytes;
  module.save(bytes);
  return bytes.str();
}

using Change = std::function<bool(const std::string& name, std::string& content)>;  // false: leaves the entry out

// The zip archive with its entries changed, and others added.
std::string changed(const Scratch& scratch, const std::string& archive, const Change& change,
                    const std::vector<std::pair<std::string, std::string>>& added = {}) {
  const std::string from = scratch.write("from.zip", archive), to = scratch / "to.zip";
  std::filesystem::remove(to);
  zip_t* in = zip_open(from.c_str(), ZIP_RDONLY, nullptr);
  zip_t* out = zip_open(to.c_str(), ZIP_CREATE, nullptr);
  std::vector<std::pair<std::string, std::string>> entries;
  for (zip_int64_t i = 0; i < zip_get_num_entries(in, 0); ++i) {
    zip_stat_t stat;
    zip_stat_index(in, static_cast<zip_uint64_t>(i), 0, &stat);
    std::string content(stat.size, '\0');
    zip_file_t* file = zip_fopen_index(in, static_cast<zip_uint64_t>(i), 0);
    zip_fread(file, content.data(), content.size());
    zip_fclose(file);
    if (change(stat.name, content)) entries.emplace_back(stat.name, std::move(content));
  }
  entries.insert(entries.end(), added.begin(), added.end());
  for (const auto& [name, content] : entries) {
    const zip_int64_t index =
        zip_file_add(out, name.c_str(), zip_source_buffer(out, content.data(), content.size(), 0), ZIP_FL_ENC_UTF_8);
    zip_set_file_compression(out, static_cast<zip_uint64_t>(index), ZIP_CM_STORE, 0);
  }
  zip_discard(in);
  REQUIRE(zip_close(out) == 0);
  return content_of(to);
}

Change in_code(const std::string& word, const std::string& other) {
  return [=](const std::string& name, std::string& content) {
    const size_t at = name.find(".py") == name.size() - 3 ? content.find(word) : std::string::npos;
    if (at != std::string::npos) content.replace(at, word.size(), other);
    return true;
  };
}

std::string refusal(const std::string& bytes) {
  torch::jit::ExtraFilesMap none;
  try {
    load_torchscript({"FILE", bytes, "copy it again"}, none);
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kFailed);
    CHECK(contains(error.what(), "FILE: "));
    CHECK(contains(error.what(), "; "));
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("A module that does not make a float32 tensor of pictures, picture by picture, is refused with the reason") {
  CHECK(trial(forward("y")).empty());
  CHECK(contains(trial(forward("(y, y)")), "gives a Tuple, not a tensor"));
  CHECK(contains(trial(forward("{\"a\": y}")), "gives a GenericDict, not a tensor"));
  CHECK(contains(trial(forward("[y]")), "not a tensor"));
  CHECK(contains(trial(forward("None")), "gives a None, not a tensor"));
  CHECK(contains(trial(forward("float(y.sum())")), "gives a Double, not a tensor"));
  CHECK(contains(trial(forward("y.sum()")), "gives a tensor [] of Float for one picture"));
  CHECK(contains(trial(forward("y.argmax(1)")), "gives a tensor [1] of Long for one picture"));
  CHECK(contains(trial(forward("y.to(4)")), "of Long for one picture"));
  CHECK(contains(trial(forward("y.to(7)")), "of Double for one picture"));
  CHECK(contains(trial(forward("y[:, 0:0]")), "gives a tensor [1, 0]"));
  CHECK(contains(trial(forward("y.reshape([2, -1])")), "gives a tensor [2, 2] of Float for one picture"));
  CHECK(contains(trial(forward("y.reshape([x.size(0), -1]).repeat([1, x.size(0)])")),
                 "[1, 4] for one picture and [2, 8]"));
  CHECK(contains(trial("def forward(self, x):\n    return torch.conv2d(x, self.grey)\n"), "to have 1 channels"));
  CHECK(contains(trial("def forward(self, x, y):\n    return x + y\n"), "missing value for argument 'y'"));
  CHECK(contains(trial("def forward(self):\n    return self.kernel\n"), "does not take pictures [N,3,8,8] of floats"));
  CHECK(contains(trial("def features(self, x):\n    return x\n"), "has no method forward"));
  for (const at::ScalarType type : {at::kHalf, at::kDouble, at::kBFloat16})
    CHECK(contains(trial(forward("y"), type), "does not take pictures [N,3,8,8] of floats"));
}

TEST_CASE("TorchScript of a newer LibTorch is refused by its version or by what this one does not have") {
  const Scratch scratch;
  const std::string good = archive_of(module_of(forward("y")));
  CHECK(refusal(good).empty());
  const auto version = [&](const std::string& text) {
    return refusal(changed(scratch, good, [&](const std::string& name, std::string& content) {
      if (name == "Net/version" || name.find("/version") == name.size() - 8) content = text;
      return true;
    }));
  };
  CHECK(contains(version("99\n"), "is TorchScript of the file version 99; LibTorch "));
  const std::string newer = changed(scratch, good, [](const std::string& name, std::string& content) {
    if (name.find("/version") == name.size() - 8) content = "99\n";
    return true;
  });
  // Also where a model of cvtool was expected.
  CHECK(contains(message_of([&] { load_model(scratch.write("newer.pt", newer)); }),
                 "is TorchScript of the file version 99"));
  CHECK(contains(message_of([&] { load_model(scratch.write("other.pt", good)); }),
                 "is TorchScript but not a cvtool model"));
  CHECK(contains(version("many"), "is not TorchScript that LibTorch"));
  CHECK(contains(version("99999999999999999999999"), "is not TorchScript that LibTorch"));
  const auto code = [&](const std::string& word, const std::string& other) {
    return refusal(changed(scratch, good, in_code(word, other)));
  };
  CHECK(contains(code("torch.mean(", "torch.kind_mean("), "uses the operation 'aten::kind_mean', which LibTorch "));
  CHECK(contains(code("torch.mean(", "ops.torchvision.nms("), "uses the operation 'torchvision::nms', which"));
  CHECK(contains(code("torch.mean(", "torch.mean(newer=1, "), "calls the operation 'aten::mean' with arguments"));
  CHECK(contains(code("x: Tensor", "x: NestedTensor"), "uses the type 'NestedTensor', which"));
  CHECK(contains(code("def forward", "def !! forward"), "is not TorchScript that LibTorch"));
}

TEST_CASE("What is not TorchScript is named as what it is, with the next step") {
  const Scratch scratch;
  const std::string good = archive_of(module_of(forward("y")));
  const auto keep = [](const std::string&, std::string&) { return true; };
  const auto none = [](const std::string&, std::string&) { return false; };
  const auto without = [](const std::string& part) {
    return [part](const std::string& name, std::string&) { return !contains(name, part); };
  };
  using Added = std::vector<std::pair<std::string, std::string>>;
  const auto zip = [&](const Change& change, const Added& added) {
    return refusal(changed(scratch, good, change, added));
  };
  CHECK(zip(keep, {}).empty());
  CHECK(contains(zip(none, {{"serialized_exported_program.json", "{}"}, {"version", "8.1"}}), "torch.export (.pt2)"));
  CHECK(contains(zip(none, {{"a/archive_format", "pt2"}, {"a/models/model.json", "{}"}}), "torch.export (.pt2)"));
  CHECK(contains(zip(none, {{"a/data.pkl", "x"}, {"a/version", "3\n"}}), "cvtool import BASE --weights FILE"));
  CHECK(contains(zip(none, {{"model.weights.h5", "x"}}), "is a .keras archive"));
  CHECK(contains(zip(none, {{"photo.jpg", "x"}}), "is a zip archive without TorchScript"));
  CHECK(contains(zip(without("/code/"), {{"to/bytecode.pkl", "x"}}), "LibTorch"));
  CHECK(contains(zip(none, {{"a/bytecode.pkl", "x"}, {"a/data.pkl", "x"}, {"a/constants.pkl", "x"}}),
                 "mobile interpreter"));
  const std::string header = R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})";
  std::string length(8, '\0');
  length[0] = static_cast<char>(header.size());
  CHECK(contains(refusal(length + header + std::string(4, '\0')), "is a safetensors file"));
  CHECK(contains(refusal(std::string("\x89HDF\r\n\x1a\n", 8) + std::string(100, '\0')), "is HDF5"));
  CHECK(contains(refusal("<!DOCTYPE html><html>"), "is a web page"));
  CHECK(contains(refusal("version https://git-lfs.github.com/spec/v1\n"), "git lfs pull"));
  CHECK(contains(refusal("\x08\x07\x12\x06"
                         "cvtool"),
                 "is an ONNX file"));
  CHECK(contains(refusal("\x80\x02}q."), "is a Python pickle"));
  CHECK(contains(refusal("\xff\xd8\xff\xe0"), "is a JPEG"));
  CHECK(contains(refusal("\x1f\x8b\x08"), "gzip"));
  CHECK(contains(refusal(""), "is empty"));
  CHECK(contains(refusal("hello"), "is not TorchScript"));
}
