// Optimisers in Keras's form.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "spec/train_config.h"

namespace cvtool {

// One row of the table of optimisers.
struct OptimizerKind {
  const char* name;
  double lr, epsilon, beta_2;  // what 0 in the config stands for
  double weight_decay;
  int slots;  // tensors of state a parameter
  void (*update)(at::Tensor& weight, const at::Tensor& gradient, std::vector<at::Tensor>& slots,
                 const struct StepContext& context);
  // The same for all parameters of a learning rate together; `context.exact_step` is undefined.
  void (*update_together)(struct UpdateLists& lists, const struct StepContext& context);
};
const std::vector<OptimizerKind>& optimizer_kinds();

// What an update may use.
struct StepContext {
  const TrainConfig& config;  // with the optimizer's own values filled in
  double lr;
  int64_t step;  // 1, 2, ...
  // Where steps may be left out (half precision), which one this is: f64, one number on the device; `step` is then the
  // most that it can be. Else undefined.
  at::Tensor exact_step;
};

constexpr double kAdagradAccumulator = 0.1;  // Keras's initial_accumulator_value

// What nadam multiplies the mean of the gradients and the gradient by, and divides the mean of their squares by, in
// step context.step.
struct NadamFactors {
  double of_mean, of_gradient, of_square;
};
NadamFactors nadam_factors(const StepContext& context);

// `config` with every "0: the optimizer's own" replaced by the value.
TrainConfig with_optimizer_defaults(TrainConfig config);

// Parameters that share a learning rate: the run's times `lr_factor`.
struct ParameterGroup {
  std::vector<at::Tensor> parameters;
  double lr_factor = 1;
};

class Optimizer {
 public:
  // Keeps references to the parameters (f32, any device).
  Optimizer(const TrainConfig& config, const std::vector<ParameterGroup>& groups);

  // Calls task(0) .. task(count - 1), in any order.
  using ForEach = std::function<void(size_t count, const std::function<void(size_t)>& task)>;

  static void one_after_the_other(size_t count, const std::function<void(size_t)>& task);
  struct Way {
    ForEach for_each = one_after_the_other;
    // Bool, one number on the parameters' device: where it is false the step is left out, as if it had never been asked
    // for. Undefined: it counts.
    at::Tensor counts;
  };

  // Applies the parameters' gradients with learning rate `lr` and clears them. Parameters without a gradient stay. What
  // comes out does not depend on way.for_each. Waits for no device; one other than a processor is asked for all
  // parameters together, where way.counts is undefined.
  void step(double lr, const Way& way);
  void step(double lr) { step(lr, {one_after_the_other, {}}); }

  // That counted; waits for the device where some may not have.
  int64_t steps() const;

  // What it remembers of each parameter: "PARAMETER/SLOT", numbered from 0. The tensors are its own, and change.
  std::vector<std::pair<std::string, at::Tensor>> state() const;
  // Goes on where another stood after `steps` steps, whose state `find` knows by name (null: it lacks it). Throws Error
  // when something is lacking or has another shape.
  void restore(int64_t steps, const std::function<const at::Tensor*(const std::string& name)>& find);

 private:
  struct Slot {
    at::Tensor parameter;
    double lr_factor;
    std::vector<at::Tensor> state;
    at::Tensor gradient;  // of a piece
    bool decays = false;
  };

  std::vector<Slot> pieces();
  void update_together(const std::vector<Slot>& work, double run_lr) const;
  // `counts` and `exact_step` as in Way and StepContext.
  void update(Slot& slot, double run_lr, const at::Tensor& counts, const at::Tensor& exact_step) const;

  TrainConfig config_;
  const OptimizerKind* kind_;
  std::vector<Slot> slots_;
  int64_t steps_ = 0;    // that were asked for
  at::Tensor left_out_;  // of them: i64, one number on the device; undefined: none
};

}  // namespace cvtool
