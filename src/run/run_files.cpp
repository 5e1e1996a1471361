#include "run/run_files.h"

#include <ATen/ATen.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "model/model_file.h"
#include "report/curves.h"
#include "run/run_directory.h"
#include "run/run_records.h"

namespace cvtool {
namespace {

// The net with the weights of a snapshot, on the CPU. What a file of it holds beyond weights must not tell how training
// stood: LibTorch also writes which parameters ask for gradients, and numbers objects by whether others refer to them.
torch::jit::Module copy_with(const torch::jit::Module& net, const Snapshot& snapshot) {
  torch::jit::Module copy = net.deepcopy();
  put_into(snapshot, copy);
  copy.to(at::kCPU);
  for (at::Tensor parameter : copy.parameters()) parameter.set_requires_grad(true);
  copy.eval();
  return copy;
}

}  // namespace

void RunFiles::save(const TrainingState& state) const {
  Checkpoint checkpoint = checkpoint_of(state);
  checkpoint.facts["identity"] = facts_.identity;
  save_checkpoint(facts_.folder, checkpoint);
}

void RunFiles::after_epoch(const TrainingState& state, bool last) {
  write_file_atomically(own_file(facts_.folder, "history.csv"), history_csv(state.history));
  if (last || models_.due()) models_.run([&] { catch_up(state); });
}

void RunFiles::catch_up(const TrainingState& state) {
  const auto report_of = [&](int64_t epoch) { return state.history.at(static_cast<size_t>(epoch - 1)); };
  if (state.last.epoch > last_written_) {
    write_model("last.pt", state.last, report_of(state.last.epoch));
    last_written_ = state.last.epoch;
  }
  if (state.best.epoch > best_written_) {
    write_model("best.pt", state.best, report_of(state.best.epoch));
    if (best_written_ == 0) mark_latest(facts_.folder);
    best_written_ = state.best.epoch;
  }
  if (state.history.empty()) return;
  History history = history_from_csv(history_csv(state.history));
  if (report_of(state.best.epoch).best) history.best_epoch = state.best.epoch;
  write_curves_png(own_file(facts_.folder, "curves.png"), history);
}

void RunFiles::write_model(const std::string& name, const Snapshot& snapshot, const EpochReport& report) const {
  ModelFile model;
  model.module = copy_with(net_.module, snapshot);
  model.info = facts_.model;
  model.info["epoch"] = report.epoch;
  for (const auto& [key, value] : report.values)
    if (key != "seconds" && key != "images_per_second") model.info["metrics"][key] = value;
  add_golden_sample(model, facts_.picture);
  save_model(own_file(facts_.folder, name), model);
}

}  // namespace cvtool
