#include "base/processor.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/text.h"

namespace fs = std::filesystem;

namespace cvtool {
namespace {

// "model name : AMD EPYC" -> {"model name", "AMD EPYC"}.
std::pair<std::string, std::string> key_and_value(const std::string& line) {
  const size_t colon = line.find(':');
  if (colon == std::string::npos) return {};
  return {without_blanks(line.substr(0, colon)), without_blanks(line.substr(colon + 1))};
}

// "535.104.05".
bool is_version(const std::string& word) {
  return word.find('.') != std::string::npos && word.find_first_not_of("0123456789.") == std::string::npos &&
         word.front() != '.';
}

std::string driver_version(const std::string& file) {
  std::ifstream in(file);
  for (std::string word; in >> word;)
    if (is_version(word)) return word;
  return "";
}

}  // namespace

bool Processor::has(const std::string& instruction_set) const {
  return std::find(instruction_sets.begin(), instruction_sets.end(), instruction_set) != instruction_sets.end();
}

bool Processor::has_bfloat16() const { return has("avx512_bf16") || has("amx_bf16") || has("bf16"); }

Processor processor(const std::string& root) {
  Processor found;
  std::string flags;
  std::ifstream in(root + "/proc/cpuinfo");
  for (std::string line; std::getline(in, line) && (found.name.empty() || flags.empty());) {
    const auto [key, value] = key_and_value(line);
    if (key == "model name") found.name = value;
    if (key == "flags" || key == "Features") flags = value;  // of x86, of ARM
  }
  const std::vector<std::string> words = split(flags, ' ');
  for (const char* name : {"sse4_2", "avx", "fma", "avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile",
                           "amx_int8", "amx_bf16", "asimd", "sve", "bf16"})
    if (std::find(words.begin(), words.end(), name) != words.end()) found.instruction_sets.emplace_back(name);
  return found;
}

NvidiaDriver nvidia_driver(const std::string& root) {
  NvidiaDriver driver;
  driver.version = driver_version(root + "/proc/driver/nvidia/version");
  std::error_code none;
  for (const auto& card : fs::directory_iterator(root + "/proc/driver/nvidia/gpus", none)) {
    std::ifstream in(card.path() / "information");
    for (std::string line; std::getline(in, line);)
      if (const auto [key, value] = key_and_value(line); key == "Model") driver.gpus.push_back(value);
  }
  std::sort(driver.gpus.begin(), driver.gpus.end());
  for (const auto& entry : fs::directory_iterator(root + "/dev", none)) {
    const std::string name = entry.path().filename().string();
    // nvidia0, nvidia1; nvidiactl and nvidia-uvm are no cards.
    if (starts_with(name, "nvidia") && name.size() > 6 && name.find_first_not_of("0123456789", 6) == std::string::npos)
      ++driver.devices;
  }
  return driver;
}

}  // namespace cvtool
