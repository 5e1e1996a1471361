// How a net is trained: the `train` section of a recipe.
#pragma once

#include "base/fields.h"

namespace cvtool {

struct StoppingConfig {
  std::string monitor = "auto";
  int64_t patience = 0;
  double min_delta = 0;
};

template <class Visitor>
void fields(StoppingConfig& c, Visitor&& visit) {
  visit(
      "monitor", c.monitor,
      Doc("metric by which the best epoch is told; auto: val_accuracy, or loss where there is no validation set; none: "
          "no figure chooses, best.pt is the last epoch's model")
          .words({"auto", "val_accuracy", "val_binary_accuracy", "val_loss", "accuracy", "binary_accuracy", "loss",
                  "none"}));
  visit("patience", c.patience,
        Doc("stop after this many epochs without improvement").means("0", "never").range(0, 1e6));
  visit("min_delta", c.min_delta, Doc("a smaller change counts as no improvement (patience, plateau)").range(0, 1e6));
}

struct ScheduleConfig {
  std::string schedule = "constant";
  double warmup = 0;
  double decay = 0;
  int64_t decay_every = 10;
  double lr_end = 0;
};

// The schedules' names; train/schedule.cpp attaches the functions and a test proves the two complete.
inline const std::vector<std::string>& schedule_names() {
  static const std::vector<std::string> names{"constant", "step", "cosine", "exponential", "plateau", "one_cycle"};
  return names;
}

template <class Visitor>
void fields(ScheduleConfig& c, Visitor&& visit) {
  visit("schedule", c.schedule, Doc("how the learning rate goes over the epochs").words(schedule_names()));
  visit("warmup", c.warmup,
        Doc("epochs in which the learning rate first rises to its value; fractions are fine")
            .takes("EPOCHS")
            .range(0, 1e6));
  visit("decay", c.decay,
        Doc("factor of the learning rate at each drop (step, plateau) or in each epoch (exponential)")
            .means("0", "0.1, of exponential 0.95")
            .range(0, 1));
  visit("decay_every", c.decay_every,
        Doc("epochs from drop to drop (step), or without improvement before a drop (plateau)").range(1, 1e6));
  visit("lr_end", c.lr_end, Doc("where the learning rate ends, as a fraction of lr (cosine)").range(0, 1));
}

struct TrainConfig {
  int64_t epochs = 20;
  int64_t batch = 32;
  std::string optimizer = "adam";
  double lr = 0;
  double epsilon = 0;
  double beta_1 = 0.9;
  double beta_2 = 0;
  double momentum = 0;
  bool nesterov = false;
  double rho = 0.9;
  bool centered = false;
  double weight_decay = -1;
  ScheduleConfig schedule;
  double clip_norm = 0;
  int64_t accumulate = 1;
  double ema = 0;
  std::string loss = "auto";
  double label_smoothing = 0;
  double focal_gamma = 2;
  std::string class_weights = "none";
  std::string sampler = "shuffled";
  StoppingConfig stopping;
  std::string precision = "auto";
  int64_t seed = 42;
};

// The optimisers' names; train/optimizer.cpp attaches the functions and a test proves the two complete.
inline const std::vector<std::string>& optimizer_names() {
  static const std::vector<std::string> names{"sgd", "adam", "adamw", "nadam", "rmsprop", "adagrad", "lion"};
  return names;
}

template <class Visitor>
void fields(TrainConfig& c, Visitor&& visit) {
  visit("epochs", c.epochs, Doc("passes over the training photos").range(1, 1e6));
  visit("batch", c.batch, Doc("photos per step").range(1, 65536).alias("-b,--batch-size"));
  visit("optimizer", c.optimizer, Doc("update rule, in Keras's form").words(optimizer_names()));
  visit("lr", c.lr, Doc("learning rate").means("0", "the optimizer's own").range(0, 100).alias("--learning-rate"));
  visit("epsilon", c.epsilon, Doc("the optimizer's small constant").means("0", "the optimizer's own").range(0, 1));
  visit("beta_1", c.beta_1, Doc("decay of the mean gradient (adam, adamw, nadam, lion)").range(0, 1).below_high());
  visit("beta_2", c.beta_2,
        Doc("decay of the mean squared gradient").means("0", "the optimizer's own").range(0, 1).below_high());
  visit("momentum", c.momentum, Doc("momentum (sgd, rmsprop)").range(0, 1).below_high());
  visit("nesterov", c.nesterov, Doc("Nesterov's form of the momentum (sgd)"));
  visit("rho", c.rho, Doc("decay of the mean squared gradient (rmsprop)").range(0, 1).below_high());
  visit("centered", c.centered, Doc("subtract the squared mean gradient (rmsprop)"));
  visit("weight_decay", c.weight_decay,
        Doc("decoupled weight decay; biases and norms are spared").means("-1", "the optimizer's own").range(-1, 10));
  fields(c.schedule, visit);
  visit("clip_norm", c.clip_norm,
        Doc("largest norm of all gradients together; larger ones are scaled down to it")
            .means("0", "no limit")
            .range(0, 1e9));
  visit("accumulate", c.accumulate, Doc("batches whose gradients are gathered before a step").range(1, 65536));
  visit("ema", c.ema,
        Doc("decay of a running average of the weights, which is then validated and kept")
            .means("0", "none")
            .range(0, 0.999999));
  visit("loss", c.loss,
        Doc("loss; auto: binary_crossentropy for one unit, else sparse_categorical_crossentropy")
            .words({"auto", "binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy",
                    "focal"}));
  visit("label_smoothing", c.label_smoothing,
        Doc("fraction of each label that is spread over all classes, in training").range(0, 0.999));
  visit("focal_gamma", c.focal_gamma, Doc("how far the focal loss turns from what is easy").range(0, 10));
  visit("class_weights", c.class_weights,
        Doc("weight of each class in the training loss: none, auto (rare ones more), a JSON file, or Car=1,Truck=2.5 "
            "(\"red, blue\"=2 where a name holds a comma)")
            .takes("WEIGHTS"));
  visit("sampler", c.sampler,
        Doc("shuffled: each photo once an epoch; balanced: each class equally often").words({"shuffled", "balanced"}));
  fields(c.stopping, visit);
  visit("precision", c.precision,
        Doc("arithmetic of training (validation is in float32); auto: bfloat16 where processor or GPU have it natively")
            .words({"auto", "fp32", "bf16", "fp16"}));
  visit("seed", c.seed, Doc("seed of every random decision").range(0, 9007199254740991.0));
}

// How a pretrained backbone is used: the `transfer` section of a recipe. Without a backbone it does nothing.

struct TransferConfig {
  std::string fine_tune = "none";
  int64_t freeze_epochs = 0;
  double fine_tune_lr = 0;
  bool fine_tune_norms = false;
  std::string feature_cache = "auto";
  int64_t augment_views = 0;
  bool probe = false;
  double probe_l2 = 0;
};

template <class Visitor>
void fields(TransferConfig& c, Visitor&& visit) {
  visit(
      "fine_tune", c.fine_tune,
      Doc("which layers of the backbone are trained too: none, N (the last N that have a kernel), all, or a prefix of "
          "their names")
          .takes("none|all|N|PREFIX"));
  visit("freeze_epochs", c.freeze_epochs,
        Doc("epochs in which the backbone stays frozen before its layers are fine-tuned").range(0, 1e6));
  visit("fine_tune_lr", c.fine_tune_lr,
        Doc("learning rate of the backbone's layers").means("0", "a tenth of lr").range(0, 100));
  visit("fine_tune_norms", c.fine_tune_norms,
        Doc("train the backbone's batch norm too: its weights and its statistics"));
  visit("feature_cache", c.feature_cache,
        Doc("where features of the frozen backbone are kept; auto: in memory while they fit, else on disk")
            .words({"auto", "ram", "disk", "none"}));
  visit("augment_views", c.augment_views,
        Doc("keep features of this many drawn views per photo instead of drawing anew every epoch: an approximation")
            .means("0", "no")
            .range(0, 1000));
  visit("probe", c.probe,
        Doc("fit the head to its optimum in the first epoch (a linear probe) instead of training it step by step"));
  visit("probe_l2", c.probe_l2,
        Doc("L2 penalty of the probe's weights, beside the mean loss")
            .means("0", "chosen by cross-validation")
            .range(0, 1e9));
}

}  // namespace cvtool
