// Weight files made by Python for these tests, and what is in them.
#pragma once

#include <doctest/doctest.h>

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "model/weights/raw_tensor.h"

namespace cvtool {

// The folder, filled at the first call; "" when Python or its packages are not there (the reason was printed
// by it).
inline const std::string& weight_files() {
  static const std::string folder = [] {
    const auto place = std::filesystem::temp_directory_path() / ("cvtool-weights-" + std::to_string(::getpid()));
    const std::string script = std::string(CVTOOL_TESTS_FOLDER) + "/model/weights/make_weight_files.py";
    const std::string command = std::string(CVTOOL_PYTHON) + " '" + script + "' '" + place.string() + "'";
    return std::system(command.c_str()) == 0 ? place.string() : std::string();
  }();
  return folder;
}

// Removes the folder when the program ends.
struct WeightFilesCleaner {
  ~WeightFilesCleaner() {
    std::error_code error;
    const auto prefix = std::filesystem::temp_directory_path() / ("cvtool-weights-" + std::to_string(::getpid()));
    std::filesystem::remove_all(prefix, error);
  }
};

inline bool skip_without_weight_files() {
  if (!weight_files().empty()) return false;
  MESSAGE(
      "skipped: Python with torch, numpy and h5py is needed to make the files (packages python3-torch, "
      "python3-h5py)");
  return true;
}

// What Python says is in `file`, in its order.
inline RawStateDict expected_of(const std::string& file) {
  const std::string path = weight_files() + "/" + file;
  const Blob bytes = blob_of(read_file(path + ".expected.bin"));
  RawStateDict dict;
  const Json index = json_from_file(path + ".expected.json");
  for (const auto& entry : index) {
    RawTensor tensor;
    tensor.name = entry["name"].get<std::string>();
    for (int type = 0; type <= static_cast<int>(DType::kF64); ++type) {
      if (dtype_name(static_cast<DType>(type)) == entry["dtype"]) tensor.dtype = static_cast<DType>(type);
    }
    tensor.shape = entry["shape"].get<std::vector<int64_t>>();
    tensor.strides = contiguous_strides(tensor.shape);
    const auto begin = entry["begin"].get<size_t>();
    tensor.storage = bytes.part(begin, entry["end"].get<size_t>() - begin);
    dict.tensors.push_back(std::move(tensor));
  }
  return dict;
}

// The message of the Error that `call` throws; "" when it throws none.
template <class Call>
std::string error_of(Call&& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace cvtool
