// A net that is trained in parts of a batch, each computed by one core.
#pragma once

#include <ATen/Parallel.h>

#include <memory>
#include <vector>

#include "parts/scope.h"
#include "parts/step_net.h"
#include "parts/team.h"

namespace cvtool {

// How batches are cut.
struct CutRule {
  int64_t most = 32;    // parts
  bool meet = false;    // the parts wait for each other on their way
  int64_t kernels = 0;  // weights of convolutions, each of which is used at least once for a row
};

// The first row of each part of a batch of `rows` rows and `numbers` numbers, and the number of its rows behind the
// last: a function of the rule and the batch's shape alone, since the order of sums follows it.
std::vector<int64_t> first_rows_of_parts(int64_t rows, int64_t numbers, const CutRule& rule);

class PartedNet : public StepNet {
 public:
  // Shares parameters and buffers with the plan's stages.
  explicit PartedNet(const StepNetPlan& plan);
  ~PartedNet() override;

  StepResult step(const StepBatch& batch, double factor, const RowsLoss& loss) override;
  at::Tensor loss_of(const StepBatch& batch, const RowsLoss& loss) override;
  at::Tensor evaluate(const at::Tensor& x) override;
  ShareRule share_rule() const override;
  void for_each(size_t count, const std::function<void(size_t)>& task) override { team_->for_each(count, task); }

 private:
  struct Weight;
  using Gradients = std::vector<at::Tensor>;  // of the trained weights, in order; some undefined

  void prepare(size_t parts);  // modules and threads for so many
  // How a batch of `rows` rows of which x holds some is cut; with modules and threads for the own parts.
  std::vector<int64_t> cut(const at::Tensor& x, int64_t rows, PartDeal& deal);
  PartedBatch begin(const StepBatch& batch);
  void compute_parts(size_t count, const std::function<void(size_t part)>& work);
  at::Tensor logits_of(const PartScope& scope, const StepBatch& batch);
  void sum_gradients(const std::vector<Gradients>& of_part, const PartDeal& deal, double factor);
  std::vector<at::Tensor> sums_over_ranks(const std::vector<Gradients>& of_part, const PartDeal& deal);
  void multiply_deferred(const PartedBatch& batch, double factor);

  StepNetPlan plan_;
  std::vector<std::vector<torch::jit::Module>> of_part_;  // what each part runs
  std::vector<Weight> trained_;
  CutRule rule_;
  size_t lanes_ = static_cast<size_t>(at::get_num_threads());
  std::unique_ptr<PartTeam> team_;
};

}  // namespace cvtool
