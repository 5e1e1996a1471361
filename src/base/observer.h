// What a long piece of work tells its caller while it goes on. The command line draws it; tests record it. Messages
// for people go to spdlog.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"

namespace cvtool {

// How far a phase has come. `loss` and `metric` are NaN where there is none.
struct Progress {
  std::string phase;            // "Reading photos", "Epoch 3/20", "Validating"
  int64_t done = 0, total = 0;  // photos
  double loss = 0, metric = 0;
};

// One finished epoch: Keras's names and values in their order ("loss", "accuracy", "val_loss", "val_accuracy"), then
// lr, seconds and images_per_second.
struct EpochReport {
  int64_t epoch = 0, epochs = 0;  // counted from 1
  std::vector<std::pair<std::string, double>> values;
  bool best = false;
};

class Observer {
 public:
  virtual ~Observer() = default;
  virtual void progress(const Progress& progress) = 0;
  virtual void epoch(const EpochReport& report) = 0;
  virtual bool stop_requested() = 0;  // asked after every step
  // What a program that watches may want to know beside the epochs: {"event": "start", ...}.
  virtual void event(const Json&) {}
};

}  // namespace cvtool
