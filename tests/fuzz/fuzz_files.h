// Inputs that are files in a folder.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace cvtool {

// In memory where the system has a place for that; gone at the end of the process.
class FuzzFolder {
 public:
  FuzzFolder() {
    std::string name =
        std::filesystem::is_directory("/dev/shm") ? "/dev/shm/cvtool-fuzz-XXXXXX" : "/tmp/cvtool-fuzz-XXXXXX";
    if (!::mkdtemp(name.data())) std::abort();
    path_ = name;
  }
  ~FuzzFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  FuzzFolder(const FuzzFolder&) = delete;
  FuzzFolder& operator=(const FuzzFolder&) = delete;

  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }
  void write(const std::string& name, const std::string& bytes) const {
    const std::filesystem::path file = path_ + "/" + name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << bytes;
  }

 private:
  std::string path_;
};

// The parts of an input, which a line "====" divides; as many as are asked for, the last ones may be empty.
inline std::vector<std::string> parts_of(const std::string& input, size_t count) {
  const std::string divider = "\n====\n";
  std::vector<std::string> parts;
  size_t begin = 0;
  while (parts.size() + 1 < count) {
    const size_t end = input.find(divider, begin);
    if (end == std::string::npos) break;
    parts.push_back(input.substr(begin, end - begin));
    begin = end + divider.size();
  }
  parts.push_back(input.substr(begin));
  parts.resize(count);
  return parts;
}

}  // namespace cvtool
