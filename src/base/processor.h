// What the processor and the graphics cards of this machine are.
#pragma once

#include <string>
#include <vector>

namespace cvtool {

// In all of these, `root` is put before /proc and /dev (for tests).

struct Processor {
  std::string name;  // "AMD EPYC"; "" where the kernel does not say
  // Of those that matter to the speed of a net, as Linux names them: "avx2", "avx512f", "avx512_bf16", "amx_bf16".
  std::vector<std::string> instruction_sets;

  bool has(const std::string& instruction_set) const;
  // Multiplies bfloat16 natively.
  bool has_bfloat16() const;
};
Processor processor(const std::string& root = "");

struct NvidiaDriver {
  std::string version;            // "535.104.05"; "" where no driver is loaded
  std::vector<std::string> gpus;  // names of the cards that the driver knows
  int devices = 0;                // cards that this process may open: a container may have been given none
};
NvidiaDriver nvidia_driver(const std::string& root = "");

}  // namespace cvtool
