// What a launcher (torchrun, mpirun, srun, or a person) says of the several processes that do one piece of work.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace cvtool {

struct Launch {
  int64_t rank = 0, size = 1;              // of all processes, on all machines
  int64_t local_rank = 0, local_size = 1;  // on this machine
  std::string by;                          // "torchrun", "mpirun", "srun", or "RANK and WORLD_SIZE"
  std::string address;                     // where the processes meet: the machine of rank 0
  uint16_t port = 0;
  std::string job = {};  // what tells this launch from others, where the launcher starts all anew after a failure
  int64_t restarts = 0;  // how often it has done so
};

// Looks a variable of the environment up; nullptr where it is not set.
using EnvironmentLookup = std::function<const char*(const char* name)>;

// Nothing where one process works alone. Throws UsageError naming the variable that is missing or no number.
std::optional<Launch> launch_of(const EnvironmentLookup& variable);
std::optional<Launch> launch_from_environment();

// "rank 1 of 4 (torchrun), meeting at 10.0.0.1:29501"
std::string launch_text(const Launch& launch);

// Cores that this process keeps busy at most: its share where a launcher has started several on one machine and given
// them no cores of their own.
size_t cores_of(const Launch& launch);

// This machine's name.
std::string host_name();

}  // namespace cvtool
