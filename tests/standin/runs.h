// Commands of the engine on the stand-in, as the program gives them to it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/jobs.h"
#include "scratch.h"
#include "standin/counts.h"
#include "standin/device.h"

namespace cvtool {

// What a training tells, and what the device was asked for between two steps of an epoch.
class StepCounter : public Observer {
 public:
  void progress(const Progress& progress) override;
  void epoch(const EpochReport& report) override { epochs.push_back(report); }
  bool stop_requested() override { return steps_ >= stop_after; }

  // The first of each epoch, which begins it, is left out.
  std::vector<standin::Counts> steps, validations;
  std::vector<EpochReport> epochs;
  int64_t stop_after = 1 << 30;

 private:
  std::string phase_;
  int64_t steps_ = 0;
  standin::Counts last_;
};

// The most of anything that a step asked for, and the least; steps that end in a reading apart.
struct StepTable {
  int64_t steps = 0;
  int64_t readings = 0;    // steps in which the host waited
  int64_t waits = 0;       // of all steps
  int64_t most_waits = 0;  // in one step
  int64_t least_to_device = 0, most_to_device = 0;
  int64_t most_kernels = 0;
  int64_t races = 0;
  std::map<std::string, int64_t> reads;  // which operations made the host wait
};
StepTable table_of(const std::vector<standin::Counts>& steps);
std::string text_of(const StepTable& table);

// Drawn photos, and a backbone as a file; made once.
class Workshop {
 public:
  static const Workshop& get();
  // A training of `recipe` (JSON text) under a name; of "standin" where no device is named.
  TrainRequest training(const std::string& name, const Json& recipe, const std::string& device = standin::kName) const;
  std::string run(const std::string& name) const { return scratch / ("runs/" + name); }

  const Scratch scratch;
  std::string photos = scratch / "photos";         // train 160 + 160, valid 12 + 12, test 8 + 8, 32x32
  std::string backbone = scratch / "backbone.pt";  // two convolutions with batch norm

 private:
  Workshop();
};

// A net of every sort of layer that trains, and a step that finds 20 batches in an epoch.
Json small_net();
// A dense head on the workshop's backbone.
Json on_backbone();
// `recipe` with what `more` says otherwise (JSON merge patch).
Json with(Json recipe, const Json& more);

}  // namespace cvtool
