#include "engine/run_files.h"

#include <ATen/ATen.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files.h"
#include "engine/history_csv.h"
#include "engine/run_directory.h"
#include "model/model_file.h"
#include "report/curves.h"

namespace cvtool {
namespace {

// While alive, the net holds the weights of a snapshot.
class SnapshotInPlace {
 public:
  SnapshotInPlace(torch::jit::Module module, const Snapshot& snapshot) {
    for (const auto& parameter : module.named_parameters()) put(parameter.name, parameter.value, snapshot);
    for (const auto& buffer : module.named_buffers()) put(buffer.name, buffer.value, snapshot);
  }
  ~SnapshotInPlace() {
    at::NoGradGuard no_grad;
    for (auto& [weight, own] : replaced_) weight.detach().copy_(own);
  }
  SnapshotInPlace(const SnapshotInPlace&) = delete;
  SnapshotInPlace& operator=(const SnapshotInPlace&) = delete;

 private:
  void put(const std::string& name, const at::Tensor& weight, const Snapshot& snapshot) {
    const at::Tensor* wanted = find_tensor(snapshot.weights, name);
    if (!wanted) return;
    at::NoGradGuard no_grad;
    replaced_.emplace_back(weight, weight.detach().clone());
    weight.detach().copy_(*wanted);
  }

  std::vector<std::pair<at::Tensor, at::Tensor>> replaced_;  // a weight, and its own value
};

}  // namespace

void RunFiles::save(const TrainingState& state) const {
  Checkpoint checkpoint = checkpoint_of(state);
  checkpoint.facts["identity"] = facts_.identity;
  save_checkpoint(facts_.folder, checkpoint);
}

void RunFiles::after_epoch(const TrainingState& state, bool last) {
  write_file_atomically(facts_.folder + "/history.csv", history_csv(state.history));
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
  history.best_epoch = state.best.epoch;
  write_curves_png(facts_.folder + "/curves.png", history);
}

void RunFiles::write_model(const std::string& name, const Snapshot& snapshot, const EpochReport& report) const {
  const SnapshotInPlace placed(net_.module, snapshot);
  ModelFile model;
  model.module = net_.module;
  model.module.eval();
  if ((*net_.module.parameters().begin()).is_cuda()) {
    model.module = net_.module.deepcopy();
    model.module.to(at::kCPU);
  }
  model.info = facts_.model;
  model.info["epoch"] = report.epoch;
  for (const auto& [key, value] : report.values)
    if (key != "seconds" && key != "images_per_second") model.info["metrics"][key] = value;
  add_golden_sample(model, facts_.picture);
  save_model(facts_.folder + "/" + name, model);
}

}  // namespace cvtool
