#include "train/trainer.h"

#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/random.h"
#include "scratch.h"
#include "train/stopping.h"

using namespace cvtool;

namespace {

constexpr int64_t kSamples = 22, kFeatures = 6;

// Points of two classes, in an order that depends on the epoch.
class Points : public ExampleSource {
 public:
  explicit Points(int64_t batch) : batch_(batch) {
    at::manual_seed(5);
    x_ = at::randn({kSamples, kFeatures});
    labels_ = x_.select(1, 0).gt(0).to(at::kLong);
  }
  int64_t size() const override { return kSamples; }
  void share(ShareRule) override {}
  void deal(int64_t, int64_t) override {}
  void begin(int64_t epoch, int64_t skip) override {
    at::manual_seed(static_cast<uint64_t>(epoch));
    order_ = at::randperm(kSamples, at::kLong);
    at_ = skip * batch_;
  }
  bool next(Examples& examples) override {
    if (at_ >= kSamples) return false;
    const at::Tensor rows = order_.narrow(0, at_, std::min(batch_, kSamples - at_));
    examples = {x_.index_select(0, rows), labels_.index_select(0, rows)};
    at_ += batch_;
    return true;
  }

 private:
  int64_t batch_, at_ = 0;
  at::Tensor x_, labels_, order_;
};

// Two layers with dropout between; the first is trained from `first_layer_from` on.
struct TinyNet {
  at::Tensor a, b, mean;  // mean: a batch statistic
  torch::jit::Module module{"TinyNet"};
  TinyNet() {
    at::manual_seed(9);
    a = at::randn({kFeatures, 8}) * 0.5;
    b = at::randn({8, 2}) * 0.5;
    mean = at::zeros({kFeatures});
    module.register_parameter("a", a.set_requires_grad(true), false);
    module.register_parameter("b", b.set_requires_grad(true), false);
    module.register_buffer("mean", mean);
    module.register_attribute("rate", c10::FloatType::get(), 0.3);
    module.register_attribute("training", c10::BoolType::get(), true);
    module.register_attribute("counts", c10::BoolType::get(), true);  // training changes the batch statistic
    module.define(R"(
def forward(self, x):
    if self.training and self.counts:
        self.mean.mul_(0.9).add_(torch.mean(x.detach(), [0]), alpha=0.1)
    y = torch.relu(torch.matmul(x - self.mean, self.a))
    return torch.matmul(torch.dropout(y, self.rate, self.training), self.b)
)");
  }
};

class Watcher : public Observer {
 public:
  void progress(const Progress& p) override { steps += p.phase != "Validating"; }
  void epoch(const EpochReport&) override {}
  bool stop_requested() override { return steps >= stop_after; }
  int64_t steps = 0, stop_after = 1 << 30;
};

struct Setting {
  int64_t batch = 4, first_layer_from = 1;
  double dropout = 0.3, checkpoint_every_s = 600, time_limit_s = 0, budget_s = 0;
  bool solves = false;  // the first phase has no steps
  TrainConfig config;
  Setting() {
    config.epochs = 5;
    config.batch = batch;
    config.lr = 0.05;
    config = with_optimizer_defaults(config);
    config.loss = "sparse_categorical_crossentropy";
    config.stopping.monitor = "val_accuracy";
  }
};

struct Session {
  TinyNet net;
  Watcher watcher;
  TrainingState state;
  std::vector<Checkpoint> saved;
  TrainingEnd end = TrainingEnd::kDone;
  bool last_phase_begins = true;  // false: it is stopped while it does

  TrainingPhase phase(const Setting& s, bool both) {
    TrainingPhase phase;
    phase.train = std::make_unique<Points>(s.config.batch);
    phase.valid = std::make_unique<Points>(16);
    net.module.setattr("rate", s.dropout);
    phase.stages = {net.module};
    phase.set_training = [this](bool training) { net.module.train(training); };
    net.a.set_requires_grad(both);
    phase.groups = {{{net.b}}};
    phase.weights = {{"b", net.b}, {"mean", net.mean}};
    if (s.solves && !both)
      phase.solve = [this] {
        const at::NoGradGuard no_grad;
        net.b.fill_(0.25).select(1, 0).fill_(-0.25);
        RunningSums sums;
        sums.add(0.5, 20, kSamples);
        return sums;
      };
    if (both) {
      phase.groups.push_back({{net.a}, 0.5});
      phase.weights.emplace_back("a", net.a);
    }
    return phase;
  }

  void train(const Setting& s) {
    TrainingRun run;
    run.units = 2;
    run.config = s.config;
    run.loss.name = s.config.loss;
    run.loss.label_smoothing = s.config.label_smoothing;
    if (s.first_layer_from > 1) run.phases.push_back({1, [&] { return phase(s, false); }, s.solves});
    run.phases.push_back({s.first_layer_from, [&] {
                            if (!last_phase_begins) throw Error("interrupted", ExitCode::kInterrupted);
                            return phase(s, true);
                          }});
    run.observer = &watcher;
    run.checkpoint_every_s = s.checkpoint_every_s;
    run.time_limit_s = s.time_limit_s;
    run.budget_s = s.budget_s;
    run.save = [&](const TrainingState& now) {
      // As a file would keep it: copies of everything.
      Checkpoint checkpoint = checkpoint_of(now);
      for (auto& [name, tensor] : checkpoint.tensors) tensor = tensor.detach().clone();
      checkpoint.facts = Json::parse(checkpoint.facts.dump());
      saved.push_back(std::move(checkpoint));
    };
    end = train_net(run, state);
  }
};

// Weights, history without clocks, best epoch: all that a run leaves.
std::string result_of(const Session& session) {
  std::string text = "best " + std::to_string(session.state.best.epoch) + "\n";
  for (const EpochReport& report : session.state.history)
    for (const auto& [name, value] : report.values)
      if (name != "seconds" && name != "images_per_second") text += name + "=" + Json(value).dump() + " ";
  const auto add = [&](const at::Tensor& tensor) {
    const at::Tensor t = tensor.detach().contiguous();
    text += std::to_string(stable_hash({static_cast<const char*>(t.data_ptr()), t.nbytes()})) + " ";
  };
  for (const at::Tensor& tensor : {session.net.a, session.net.b, session.net.mean}) add(tensor);
  for (const auto& name : {"a", "b", "mean"})
    if (const at::Tensor* tensor = find_tensor(session.state.best.weights, name)) add(*tensor);
  return text;
}

std::vector<Setting> settings() {
  std::vector<Setting> all(5);
  all[1].config.ema = 0.9;
  all[1].config.schedule.schedule = "cosine";
  all[1].config.schedule.warmup = 1.5;
  all[1].config.label_smoothing = 0.1;
  all[2].first_layer_from = 3;
  all[2].config.ema = 0.9;
  all[2].config.optimizer = "adamw";
  all[2].config.clip_norm = 0.5;
  all[3].config.accumulate = 2;
  all[3].config.schedule.schedule = "plateau";
  all[3].config.schedule.decay = 0.5;
  all[3].config.schedule.decay_every = 1;
  all[4].solves = true;
  all[4].first_layer_from = 2;
  all[4].config.ema = 0.9;
  all[4].config.schedule.schedule = "cosine";
  all[4].config.schedule.warmup = 0.5;
  return all;
}

}  // namespace

TEST_CASE("A run that is stopped after any step and goes on ends as one that was never stopped, bit for bit") {
  for (size_t i = 0; i < settings().size(); ++i) {
    const Setting setting = settings()[i];
    CAPTURE(i);
    Session whole;
    whole.train(setting);
    REQUIRE(whole.end == TrainingEnd::kDone);
    for (int64_t stop = 1; stop < whole.watcher.steps; ++stop) {
      CAPTURE(stop);
      Session first;
      first.watcher.stop_after = stop;
      first.train(setting);
      if (first.end == TrainingEnd::kDone) continue;  // the last step
      REQUIRE(first.end == TrainingEnd::kInterrupted);
      Session second;
      second.state = state_from(first.saved.back());
      second.train(setting);
      CHECK(second.end == TrainingEnd::kDone);
      CHECK(result_of(second) == result_of(whole));
    }
  }
}

TEST_CASE("A run that is stopped while its last phase begins has kept all epochs before it") {
  const Setting setting = settings()[2];
  Session whole, first, second;
  whole.train(setting);
  first.last_phase_begins = false;
  CHECK_THROWS_AS(first.train(setting), Error);
  REQUIRE_FALSE(first.saved.empty());
  second.state = state_from(first.saved.back());
  CHECK(second.state.epoch == setting.first_layer_from);
  second.train(setting);
  CHECK(result_of(second) == result_of(whole));
}

TEST_CASE("Every checkpoint on the way, one after each step, leads to the same end") {
  Setting setting = settings()[2];
  setting.checkpoint_every_s = 0;
  Session whole;
  whole.train(setting);
  CHECK(whole.saved.size() >= static_cast<size_t>(whole.state.updates));
  int64_t inside = 0;
  for (const Checkpoint& checkpoint : whole.saved) {
    CAPTURE(checkpoint.facts["updates"].dump());
    Session second;
    second.state = state_from(checkpoint);
    inside += second.state.batches > 0 && second.state.batches * setting.config.batch < kSamples;
    second.train(setting);
    if (second.state.epoch > setting.config.epochs && second.watcher.steps == 0) continue;  // nothing was left to do
    CHECK(result_of(second) == result_of(whole));
  }
  CHECK(inside == setting.config.epochs * (kSamples / setting.config.batch));
}

TEST_CASE("Another seed, or a step more, gives another end") {
  Setting setting = settings()[0];
  Session one, two;
  one.train(setting);
  setting.config.seed = 43;  // dropout draws anew
  two.train(setting);
  CHECK(result_of(one) != result_of(two));
}

TEST_CASE("Gathered gradients are those of the large batch") {
  Setting large, accumulated;
  large.dropout = accumulated.dropout = 0;
  large.config.batch = 8;
  accumulated.config.batch = 2;
  accumulated.config.accumulate = 4;
  for (Setting* setting : {&large, &accumulated}) setting->config.optimizer = "sgd";
  Session one, two;
  for (Session* session : {&one, &two}) session->net.module.setattr("counts", false);
  one.train(large);
  two.train(accumulated);
  CHECK(one.state.updates == two.state.updates);
  CHECK((one.net.a - two.net.a).abs().max().item<double>() < 1e-6);
  CHECK((one.net.b - two.net.b).abs().max().item<double>() < 1e-6);
}

TEST_CASE("Clipping bounds what one step can change") {
  Setting setting;
  setting.config.optimizer = "sgd";
  setting.config.lr = 1;
  setting.config.epochs = 1;
  setting.config.batch = kSamples;
  setting.config.clip_norm = 0.01;
  const TinyNet before;
  Session session;
  session.train(setting);
  // One step of rate 1 (the second group's is half): both groups together moved by at most the norm.
  const double moved = std::hypot((session.net.b - before.b).norm().item<double>(),
                                  2 * (session.net.a - before.a).norm().item<double>());
  CHECK(moved == doctest::Approx(0.01).epsilon(1e-4));
}

TEST_CASE(
    "The average of the weights is what is validated and kept, and training goes on from the weights themselves") {
  Setting plain, averaged;
  averaged.config.ema = 0.5;
  averaged.checkpoint_every_s = 0;
  Session one, two;
  one.train(plain);
  two.train(averaged);
  CHECK(one.net.b.equal(two.net.b));
  CHECK(find_tensor(one.state.last.weights, "b")->equal(one.net.b));

  // Again, from the weights after each step: in the beginning the decay is (1 + n) / (10 + n).
  at::Tensor average = TinyNet().b.detach();
  int64_t updates = 0;
  for (const Checkpoint& checkpoint : two.saved) {
    if (checkpoint.facts["updates"] == updates) continue;  // saved again at the end of the epoch
    CHECK(checkpoint.facts["updates"] == ++updates);
    const double decay = updates < 8 ? (1.0 + updates) / (10.0 + updates) : 0.5;
    average = average * decay + *find_tensor(checkpoint.tensors, "weights/b") * (1 - decay);
    CHECK(at::allclose(*find_tensor(checkpoint.tensors, "average/b"), average, 1e-5, 1e-6));
  }
  CHECK(updates == two.state.updates);
  CHECK(at::allclose(*find_tensor(two.state.last.weights, "b"), average, 1e-5, 1e-6));
}

TEST_CASE("An epoch that is solved has its figures and no rate; average and schedule begin behind it") {
  Setting setting = settings()[4];
  Session session;
  session.train(setting);
  REQUIRE(session.end == TrainingEnd::kDone);
  REQUIRE(session.state.history.size() == 5);
  const auto figure = [&](size_t epoch, const std::string& name) {
    for (const auto& [key, value] : session.state.history[epoch - 1].values)
      if (key == name) return value;
    return -1.0;
  };
  CHECK(figure(1, "loss") == 0.5);
  CHECK(figure(1, "accuracy") == doctest::Approx(20.0 / kSamples));
  CHECK(figure(1, "lr") == 0);
  CHECK(figure(1, "val_loss") > 0);
  // As in a run of four epochs.
  Setting four;
  four.config = setting.config;
  four.config.epochs = 4;
  Session without;
  without.train(four);
  for (size_t epoch = 1; epoch <= 4; ++epoch)
    CHECK(figure(epoch + 1, "lr") == doctest::Approx(without.state.history[epoch - 1].values[4].second));
  // What is validated and kept of the solved epoch is the solved weights, not an average with what was before.
  setting.config.epochs = 1;
  Session one;
  one.train(setting);
  CHECK(find_tensor(one.state.last.weights, "b")->select(1, 1).eq(0.25).all().item<bool>());
  CHECK(one.state.best.epoch == 1);
}

TEST_CASE("A run that is stopped as its solved epoch ends goes on behind it") {
  const Setting setting = settings()[4];
  Session whole, first, second;
  whole.train(setting);
  first.last_phase_begins = false;
  CHECK_THROWS_AS(first.train(setting), Error);
  second.state = state_from(first.saved.at(0));
  CHECK(second.state.epoch == 2);
  second.train(setting);
  CHECK(result_of(second) == result_of(whole));
}

TEST_CASE("Where nothing is monitored the last epoch is kept and none is called the best") {
  Setting setting;
  setting.config.epochs = 3;
  setting.config.stopping.monitor = kNoMonitor;
  Session session;
  session.train(setting);
  CHECK(session.state.best.epoch == 3);
  CHECK(find_tensor(session.state.best.weights, "b")->equal(session.net.b));
  for (const EpochReport& report : session.state.history) CHECK_FALSE(report.best);
}

TEST_CASE("A time limit ends training at once, a budget not before there is a model") {
  Setting limited, budgeted;
  limited.time_limit_s = budgeted.budget_s = 1e-9;
  Session at_once, later;
  at_once.train(limited);
  CHECK(at_once.end == TrainingEnd::kTimeLimit);
  CHECK(at_once.state.history.empty());
  CHECK(at_once.state.batches == 1);
  later.train(budgeted);
  CHECK(later.end == TrainingEnd::kTimeLimit);
  CHECK(later.state.history.size() == 1);
  CHECK(later.state.last.epoch == 1);
}

TEST_CASE("Training ends when there is no improvement") {
  Setting setting;
  setting.config.lr = 1e-12;
  setting.config.epochs = 50;
  setting.config.stopping.patience = 3;
  Session session;
  session.train(setting);
  CHECK(session.end == TrainingEnd::kNoImprovement);
  CHECK(session.state.history.size() == 4);
}

TEST_CASE("A loss that is not a number ends training, says what to try and keeps the best") {
  Setting setting;
  setting.config.lr = 1e30;
  setting.config.optimizer = "sgd";
  Session session;
  const std::string message = message_of([&] { session.train(setting); });
  CHECK(contains(message, "try a smaller --lr"));
  CHECK(contains(message, "epoch"));
}

TEST_CASE("The best of a first phase holds what a later phase changes, as it was") {
  Setting setting;
  setting.first_layer_from = 2;
  setting.config.epochs = 2;
  setting.config.stopping.monitor = "val_loss";
  setting.config.lr = 3;  // the second epoch is worse
  const TinyNet untrained;
  Session session;
  session.train(setting);
  REQUIRE(session.state.best.epoch == 1);
  CHECK(find_tensor(session.state.best.weights, "a")->equal(untrained.a));
  CHECK_FALSE(session.net.a.equal(untrained.a));
}
