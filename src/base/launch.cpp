#include "base/launch.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>

#include "base/error.h"
#include "base/machine.h"
#include "base/random.h"

namespace cvtool {
namespace {

// By which variables a launcher says what.
struct Launcher {
  const char *name, *rank, *size, *local_rank, *local_size;
};
const std::string kSlurm = "srun";
constexpr std::array<Launcher, 3> kLaunchers{{
    {"RANK and WORLD_SIZE", "RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE"},
    {"mpirun", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK",
     "OMPI_COMM_WORLD_LOCAL_SIZE"},
    {"srun", "SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID", "SLURM_STEP_TASKS_PER_NODE"},
}};

int64_t number_in(const std::string& name, const std::string& text, int64_t least) {
  constexpr int64_t kMost = 65535;
  char* end = nullptr;
  const int64_t number = std::strtoll(text.c_str(), &end, 10);
  if (end == text.c_str() || *end != '\0' || number < least || number > kMost)
    throw UsageError(name + ": '" + text + "' is not a number from " + std::to_string(least) + " to " +
                     std::to_string(kMost) + "; the launcher of the processes (torchrun, mpirun, srun) sets it");
  return number;
}

// A port that the processes of one job on one machine all come to, and other jobs hardly.
uint16_t port_of_job(const EnvironmentLookup& variable) {
  constexpr uint64_t kFirst = 20000, kCount = 12000;  // below those that the system gives by itself
  std::string job = std::to_string(::getuid());
  for (const char* name : {"PMIX_NAMESPACE", "OMPI_MCA_ess_base_jobid", "SLURM_JOB_ID", "SLURM_STEP_ID"})
    if (const char* text = variable(name)) job += std::string(" ") + text;
  if (job.find(' ') == std::string::npos) job += " " + std::to_string(::getppid());
  return static_cast<uint16_t>(kFirst + stable_hash(job) % kCount);
}

// Slurm tells the script of a job how many tasks there may be, and that it is the first; only srun starts them.
bool is_batch_script(const EnvironmentLookup& variable) {
  return variable("SLURM_JOB_ID") && !variable("SLURM_STEP_ID");
}

int64_t local_size_of(const Launcher& launcher, int64_t size, const EnvironmentLookup& variable) {
  if (const char* text = variable(launcher.local_size)) {
    // Slurm's is of the form "2(x3),1": of the first machine.
    const std::string first(text, std::strspn(text, "0123456789"));
    return std::min(size, number_in(launcher.local_size, launcher.name == kSlurm ? first : text, 1));
  }
  const char* nodes = variable("SLURM_NNODES");
  if (launcher.name != kSlurm || !nodes) return size;
  const int64_t count = number_in("SLURM_NNODES", nodes, 1);
  return (size + count - 1) / count;
}

void find_meeting_point(Launch& launch, const EnvironmentLookup& variable) {
  const char* address = variable("MASTER_ADDR");
  const char* port = variable("MASTER_PORT");
  if (!address && launch.local_size < launch.size)
    throw UsageError("MASTER_ADDR is not set: the " + std::to_string(launch.size) +
                     " processes do not know where to meet; set it to the address of the machine of rank 0, and "
                     "MASTER_PORT to a free port there");
  launch.address = address ? address : "127.0.0.1";
  if (!port) {
    launch.port = port_of_job(variable);
    return;
  }
  const int64_t number = number_in("MASTER_PORT", port, 1);
  // Torchrun's agent listens there itself.
  const char* agent = variable("TORCHELASTIC_USE_AGENT_STORE");
  const bool taken = agent ? std::string(agent) == "True" : variable("TORCHELASTIC_RUN_ID") != nullptr;
  launch.port = static_cast<uint16_t>(taken && number < 65535 ? number + 1 : number);
}

void find_restarts(Launch& launch, const EnvironmentLookup& variable) {
  const auto count_in = [&](const char* counter) {
    const char* count = variable(counter);
    launch.restarts = count ? number_in(counter, count, 0) : 0;
  };
  if (const char* id = variable("TORCHELASTIC_RUN_ID")) {
    launch.job = launch.by + " " + id;
    // The name of all that are given none: their agent's process tells them apart.
    if (std::string(id) == "none") launch.job += " " + host_name() + " " + std::to_string(::getppid());
    count_in("TORCHELASTIC_RESTART_COUNT");
  } else if (launch.by == kSlurm && variable("SLURM_JOB_ID") && variable("SLURM_STEP_ID")) {
    // Of a job that is queued again the steps are counted from 0 again.
    launch.job = launch.by + " " + variable("SLURM_JOB_ID") + "." + variable("SLURM_STEP_ID");
    count_in("SLURM_RESTART_COUNT");
  }
}

}  // namespace

std::optional<Launch> launch_of(const EnvironmentLookup& variable) {
  for (const Launcher& launcher : kLaunchers) {
    const char* rank = variable(launcher.rank);
    const char* size = variable(launcher.size);
    if (!rank || !size || (launcher.name == kSlurm && is_batch_script(variable))) continue;
    Launch launch;
    launch.size = number_in(launcher.size, size, 1);
    if (launch.size == 1) return std::nullopt;
    launch.rank = number_in(launcher.rank, rank, 0);
    if (launch.rank >= launch.size)
      throw UsageError(std::string(launcher.rank) + "=" + rank + " and " + launcher.size + "=" + size +
                       ": ranks are counted from 0 and less than the size");
    launch.by = variable("TORCHELASTIC_RUN_ID") ? "torchrun" : launcher.name;
    launch.local_size = local_size_of(launcher, launch.size, variable);
    const char* local_rank = variable(launcher.local_rank);
    launch.local_rank = local_rank ? number_in(launcher.local_rank, local_rank, 0) : launch.rank % launch.local_size;
    find_meeting_point(launch, variable);
    find_restarts(launch, variable);
    return launch;
  }
  return std::nullopt;
}

std::optional<Launch> launch_from_environment() {
  return launch_of([](const char* name) -> const char* { return std::getenv(name); });
}

std::string launch_text(const Launch& launch) {
  return "rank " + std::to_string(launch.rank) + " of " + std::to_string(launch.size) + " (" + launch.by +
         "), meeting at " + launch.address + ":" + std::to_string(launch.port);
}

size_t cores_of(const Launch& launch) {
  const size_t cores = usable_cores();
  // Cores that this process alone may use are its own.
  const bool bound = launch.by != "torchrun" && allowed_cores() < machine_cores();
  return bound ? cores : std::max<size_t>(1, cores / static_cast<size_t>(launch.local_size));
}

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

}  // namespace cvtool
