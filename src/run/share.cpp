#include "run/share.h"

#include <algorithm>

#include "base/error.h"
#include "base/machine.h"
#include "base/text.h"
#include "base/version.h"
#include "torch/device.h"

namespace cvtool {

namespace {

void share_cores(ComputeOptions& run, const Ranks& ranks) {
  const auto cores = static_cast<int64_t>(ranks.cores());
  if (run.threads == 0) run.threads = cores;
  if (run.workers == 0) run.workers = cores;
}

}  // namespace

void share_machine(ComputeOptions& run, const Ranks& ranks) {
  share_cores(run, ranks);
  run.device = device_of_process(run.device, ranks.local_rank()).str();
}

void share_machine(RunOptions& run, const Ranks& ranks) {
  share_cores(run, ranks);
  constexpr double kMega = 1e6;
  if (run.cache_budget == 0)
    run.cache_budget = std::max<int64_t>(1, static_cast<int64_t>(static_cast<double>(free_memory_bytes()) / kMega / 2 /
                                                                 static_cast<double>(ranks.processes_of_machine())));
}

SharedReading reading_of(Ranks* ranks) {
  if (!ranks) return {};
  return {{ranks->rank(), ranks->size()}, [ranks](const std::string& mine) { return ranks->gather(mine); }};
}

void check_same_photos(const Dataset& dataset, const std::string& data, Ranks& ranks) {
  std::string list;
  for (const std::string& name : dataset.classes) list += "class " + name + '\n';
  for (const auto& [name, split] :
       {std::pair{"training photo ", &dataset.train}, std::pair{"validation photo ", &dataset.valid},
        std::pair{"test photo ", &dataset.test}, std::pair{"calibration photo ", &dataset.calibration}})
    for (const Sample& sample : *split)
      list += name + sample.path + " (" + dataset.classes.at(static_cast<size_t>(sample.label)) + ")\n";
  ranks.check_same_lines(list, "the photos that were found in " + data, "give each machine the same files");
}

void check_same_program(Ranks& ranks) {
  ranks.check_same(kVersion, "the versions of cvtool", "install the same one everywhere");
  ranks.check_same(torch_version(), "the versions of LibTorch", "install the same one everywhere");
}

}  // namespace cvtool
