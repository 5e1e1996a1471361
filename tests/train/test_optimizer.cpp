#include "train/optimizer.h"

#include <ATen/record_function.h>
#include <doctest/doctest.h>

#include <set>

#include "base/error.h"
#include "golden/golden.h"
#include "scratch.h"
#include "train/updates_together.h"

using namespace cvtool;

namespace {

// The settings that each entry of the golden file was made with.
std::map<std::string, TrainConfig> golden_configs() {
  std::map<std::string, TrainConfig> configs;
  const auto add = [&](const std::string& entry, const std::string& optimizer, double lr) -> TrainConfig& {
    TrainConfig& config = configs[entry];
    config.optimizer = optimizer;
    config.lr = lr;
    return config;
  };
  add("adam lr=1e-3 eps=1e-7", "adam", 1e-3).epsilon = 1e-7;
  add("adam lr=1e-3 eps=1e-2", "adam", 1e-3).epsilon = 1e-2;
  add("adam lr=1e-4", "adam", 1e-4);
  add("sgd lr=.01", "sgd", 0.01);
  add("sgd lr=.01 momentum=.9", "sgd", 0.01).momentum = 0.9;
  TrainConfig& nesterov = add("sgd lr=.01 momentum=.9 nesterov", "sgd", 0.01);
  nesterov.momentum = 0.9;
  nesterov.nesterov = true;
  add("adamw lr=1e-3 decay=.004", "adamw", 1e-3).weight_decay = 0.004;
  add("nadam lr=1e-3", "nadam", 1e-3);
  add("rmsprop lr=1e-3", "rmsprop", 1e-3);
  TrainConfig& centered = add("rmsprop lr=1e-3 momentum=.9 centered", "rmsprop", 1e-3);
  centered.momentum = 0.9;
  centered.centered = true;
  add("adagrad lr=1e-3", "adagrad", 1e-3);
  add("lion lr=1e-3", "lion", 1e-3);
  return configs;
}

// [2,2]: weight decay spares tensors of one dimension.
at::Tensor parameter(const Json& values) { return tensor_from_json(values).reshape({2, 2}).set_requires_grad(true); }

at::Tensor one_step(const TrainConfig& config, at::Tensor weight, const at::Tensor& gradient) {
  weight = weight.clone().set_requires_grad(true);
  Optimizer optimizer(config, {{{weight}}});
  weight.mutable_grad() = gradient.clone();
  optimizer.step(with_optimizer_defaults(config).lr);
  return weight.detach();
}

const OptimizerKind& kind_named(const std::string& name) {
  for (const OptimizerKind& kind : optimizer_kinds())
    if (name == kind.name) return kind;
  throw Error("no optimizer " + name);
}

std::vector<at::Tensor> many(size_t count) {
  std::vector<at::Tensor> out;
  for (size_t i = 0; i < count; ++i) out.push_back(at::ones({2, 2}));
  return out;
}

// A kernel, a bias and a number, with three slots each.
struct Trio {
  UpdateLists lists{zeros(), zeros(), {zeros(), zeros(), zeros()}};
  static std::vector<at::Tensor> zeros() { return {at::zeros({4, 3, 3, 3}), at::zeros({7}), at::zeros({})}; }
};

thread_local int64_t depth = 0, begun = 0;

// Operations that `work` asks for, without those that they are made of.
int64_t outer_operations(const std::function<void()>& work) {
  const auto begin = [](const at::RecordFunction&) -> std::unique_ptr<at::ObserverContext> {
    begun += depth++ == 0;
    return nullptr;
  };
  const auto end = [](const at::RecordFunction&, at::ObserverContext*) { --depth; };
  begun = depth = 0;
  const auto handle =
      at::addThreadLocalCallback(at::RecordFunctionCallback(begin, end).scopes({at::RecordScope::FUNCTION}));
  work();
  at::removeCallback(handle);
  return begun;
}

}  // namespace

TEST_CASE("Ten steps of every optimizer are Keras's") {
  const Json& golden = keras_golden()["optimizers"];
  const auto configs = golden_configs();
  CHECK(golden["weights_after_each_step"].size() == configs.size());
  for (const auto& row : golden["weights_after_each_step"].items()) {
    const std::string& entry = row.key();
    const Json& steps = row.value();
    CAPTURE(entry);
    REQUIRE(configs.count(entry) == 1);
    const TrainConfig& config = configs.at(entry);
    at::Tensor weight = parameter(golden["start"]);
    Optimizer optimizer(config, {{{weight}}});
    REQUIRE(steps.size() == 10);
    for (size_t i = 0; i < steps.size(); ++i) {
      weight.mutable_grad() = parameter(golden["gradients"][i]).detach();
      optimizer.step(config.lr);
      CHECK(largest_difference(weight.detach(), parameter(steps[i]).detach()) < 1e-6);
      CHECK_FALSE(weight.grad().defined());
    }
    CHECK(optimizer.steps() == 10);
  }
}

TEST_CASE("A step that is left out is as if it had not been") {
  const Json& golden = keras_golden()["optimizers"];
  for (const auto& row : golden_configs()) {
    const std::string& entry = row.first;
    const TrainConfig& config = row.second;
    CAPTURE(entry);
    at::Tensor weight = parameter(golden["start"]), other = parameter(golden["start"]);
    Optimizer optimizer(config, {{{weight}}}), always(config, {{{other}}});
    for (size_t i = 0; i < 10; ++i) {
      const bool counts = i != 0 && i != 4;  // the first one too
      const at::Tensor gradient = parameter(golden["gradients"][i]).detach();
      const at::Tensor before = weight.detach().clone();
      weight.mutable_grad() = counts ? gradient.clone() : gradient / 0;
      optimizer.step(config.lr, {Optimizer::one_after_the_other, at::full({}, counts, at::kBool)});
      CHECK_FALSE(weight.grad().defined());
      if (!counts) {
        CHECK(at::equal(weight.detach(), before));
        continue;
      }
      other.mutable_grad() = gradient.clone();
      always.step(config.lr);
      CHECK(largest_difference(weight.detach(), other.detach()) < 1e-6);
    }
    CHECK(optimizer.steps() == 8);
    for (size_t i = 0; i < optimizer.state().size(); ++i)
      CHECK(at::equal(optimizer.state()[i].second, always.state()[i].second));
  }
}

TEST_CASE("All parameters together are changed as one after the other") {
  at::manual_seed(3);
  for (const auto& row : golden_configs()) {
    CAPTURE(row.first);
    const TrainConfig config = with_optimizer_defaults(row.second);
    Trio one, all;
    for (int64_t step = 1; step <= 10; ++step) {
      const std::vector<at::Tensor> gradients{at::randn({4, 3, 3, 3}), at::zeros({7}), at::randn({})};
      const StepContext context{config, config.lr, step, {}};
      const OptimizerKind& kind = kind_named(config.optimizer);
      for (size_t i = 0; i < 3; ++i) {
        std::vector<at::Tensor> slots;
        for (auto& slot : one.lists.slots) slots.push_back(slot[i]);
        kind.update(one.lists.weights[i], gradients[i], slots, context);
      }
      all.lists.gradients = gradients;
      kind.update_together(all.lists, context);
      for (size_t i = 0; i < 3; ++i) {
        CHECK(largest_difference(one.lists.weights[i], all.lists.weights[i]) < 1e-6);
        for (size_t s = 0; s < 3; ++s) CHECK(largest_difference(one.lists.slots[s][i], all.lists.slots[s][i]) < 1e-5);
      }
    }
  }
}

TEST_CASE("What is asked of a device for all parameters together does not grow with their number") {
  for (const OptimizerKind& kind : optimizer_kinds()) {
    TrainConfig config;
    config.optimizer = kind.name;
    CAPTURE(config.optimizer);
    config = with_optimizer_defaults(config);
    const auto operations = [&](size_t count) {
      UpdateLists lists{many(count), many(count), {many(count), many(count), many(count)}};
      return outer_operations([&] { kind.update_together(lists, {config, config.lr, 1, {}}); });
    };
    // lion's signs are taken one by one: for lists that is younger than LibTorch 1.13.
    const int64_t each = config.optimizer == "lion" ? 1 : 0;
    CHECK(operations(40) == operations(2) + 38 * each);
    CHECK(operations(2) <= 12);
  }
}

TEST_CASE("The table of optimizers and the list of their names are the same") {
  std::vector<std::string> names;
  for (const OptimizerKind& kind : optimizer_kinds()) {
    names.emplace_back(kind.name);
    CHECK((kind.update != nullptr));
    CHECK((kind.update_together != nullptr));
    CHECK(kind.lr > 0);
  }
  CHECK(names == optimizer_names());
  std::set<std::string> covered;
  for (const auto& [unused, config] : golden_configs()) covered.insert(config.optimizer);
  CHECK(covered == std::set<std::string>(names.begin(), names.end()));
}

TEST_CASE("An unknown optimizer is refused with the nearest name") {
  TrainConfig config;
  config.optimizer = "adamm";
  CHECK(contains(message_of([&] { with_optimizer_defaults(config); }),
                 "unknown optimizer 'adamm'; did you mean 'adam'?"));
}

TEST_CASE("Zeros in the settings, and a weight decay of -1, stand for the optimizer's own values") {
  TrainConfig config;
  config.optimizer = "sgd";
  CHECK(with_optimizer_defaults(config).lr == 0.01);
  config.optimizer = "adamw";
  CHECK(with_optimizer_defaults(config).weight_decay == 0.004);
  config.weight_decay = 0;
  CHECK(with_optimizer_defaults(config).weight_decay == 0);
  config.optimizer = "lion";
  CHECK(with_optimizer_defaults(config).beta_2 == 0.99);
  config.lr = 0.5;
  CHECK(with_optimizer_defaults(config).lr == 0.5);
}

TEST_CASE("Weight decay draws kernels to zero and spares biases and norms") {
  TrainConfig config;
  config.optimizer = "adamw";
  config.lr = 0.1;
  config.weight_decay = 0.5;
  const at::Tensor kernel = one_step(config, at::full({2, 2}, 4.0F), at::zeros({2, 2}));
  CHECK(largest_difference(kernel, at::full({2, 2}, 3.8F)) < 1e-6);
  const at::Tensor bias = one_step(config, at::full({2}, 4.0F), at::zeros({2}));
  CHECK(largest_difference(bias, at::full({2}, 4.0F)) == 0);
}

TEST_CASE("Centred rmsprop stays finite where a gradient is large and constant") {
  TrainConfig config;
  config.optimizer = "rmsprop";
  config.centered = true;
  for (const float gradient : {1e4F, 1e8F, 3.3e9F}) {
    at::Tensor weight = at::ones({64}).set_requires_grad(true);
    Optimizer optimizer(config, {{{weight}}});
    for (int i = 0; i < 400; ++i) {
      weight.mutable_grad() = at::full({64}, gradient) * at::linspace(0.9, 1.1, 64);
      optimizer.step(1e-3);
    }
    CHECK(weight.detach().isfinite().all().item<bool>());
  }
}

TEST_CASE("A parameter without a gradient stays, and others go on") {
  at::Tensor used = at::ones({2, 2}).set_requires_grad(true), unused = at::ones({2, 2}).set_requires_grad(true);
  TrainConfig config;
  config.optimizer = "adagrad";
  Optimizer optimizer(config, {{{used, unused}}});
  used.mutable_grad() = at::ones({2, 2});
  optimizer.step(0.1);
  CHECK(largest_difference(unused.detach(), at::ones({2, 2})) == 0);
  CHECK(largest_difference(used.detach(), at::ones({2, 2})) > 0);
  // Its accumulator starts at Keras's value when its first gradient comes, not at zero.
  unused.mutable_grad() = at::ones({2, 2});
  optimizer.step(0.1);
  CHECK(largest_difference(unused.detach(), at::full({2, 2}, 1 - 0.1 / std::sqrt(1.1 + 1e-7))) < 1e-6);
}

TEST_CASE("Parameters in channels_last order are updated as any other") {
  at::manual_seed(2);
  const at::Tensor start = at::randn({4, 3, 3, 3}), gradient = at::randn({4, 3, 3, 3});
  for (const std::string& name : optimizer_names()) {
    CAPTURE(name);
    TrainConfig config;
    config.optimizer = name;
    const at::Tensor plain = one_step(config, start, gradient);
    const at::Tensor last = one_step(config, start.contiguous(at::MemoryFormat::ChannelsLast),
                                     gradient.contiguous(at::MemoryFormat::ChannelsLast));
    CHECK(largest_difference(plain, last) < 1e-7);
  }
}
