#include "parts/parted_net.h"

#include <ATen/ATen.h>
#include <doctest/doctest.h>
#include <torch/script.h>

#include <map>

#include "in_company.h"
#include "parts/operators.h"
#include "torch/device.h"

using namespace cvtool;

namespace {

using Module = torch::jit::Module;

at::Tensor cross_entropy(const at::Tensor& logits, const at::Tensor& labels) {
  return at::cross_entropy_loss(logits.to(at::kFloat), labels);
}

// Convolution, batch norm, pooling, dense, dropout, dense, as LibTorch's operators.
Module small_net(double rate) {
  at::manual_seed(3);
  Module net("SmallNet");
  const auto add = [&](const std::string& name, const at::Tensor& value) {
    net.register_parameter(name, value.set_requires_grad(true), false);
  };
  add("kernel", (at::randn({6, 3, 3, 3}) * .3).contiguous(at::MemoryFormat::ChannelsLast));
  add("scale", at::rand({6}) + .5);
  add("shift", at::randn({6}) * .1);
  add("wide", at::randn({520, 6 * 8 * 8}) * .05);  // large enough for its gradient to be deferred
  add("bias", at::zeros({520}));
  add("last", at::randn({3, 520}) * .05);
  net.register_buffer("mean", at::zeros({6}));
  net.register_buffer("variance", at::ones({6}));
  net.register_attribute("training", c10::BoolType::get(), true);
  net.register_attribute("rate", c10::FloatType::get(), rate);
  net.define(R"(
def forward(self, x):
    x = torch.conv2d(x.to(self.kernel), self.kernel, None, [8, 8], [1, 1])
    x = torch.batch_norm(x, self.scale, self.shift, self.mean, self.variance, self.training, 0.1, 0.001, True)
    x = torch.flatten(torch.relu(torch.max_pool2d(x, [2, 2])), 1)
    x = torch.relu(torch.linear(x, self.wide, self.bias))
    return torch.linear(torch.dropout(x, self.rate, self.training), self.last)
)");
  return net;
}

StepBatch batch_of(int64_t rows, int64_t size) {
  at::manual_seed(7);
  return {
      at::randn({rows, 3, size, size}).contiguous(at::MemoryFormat::ChannelsLast), at::randint(0, 3, {rows}), 11, {}};
}

std::map<std::string, at::Tensor> gradients(const Module& net) {
  std::map<std::string, at::Tensor> out;
  for (const auto& parameter : net.named_parameters()) {
    at::Tensor value = parameter.value;
    out[parameter.name] = value.grad().clone();
    value.mutable_grad() = at::Tensor();
  }
  return out;
}

double difference(const at::Tensor& a, const at::Tensor& b) {
  return ((a - b).abs().max() / (b.abs().max() + 1e-12)).item<double>();
}

struct Taken {
  StepResult result;
  std::map<std::string, at::Tensor> gradients;
  at::Tensor mean, variance;
};

// One step with so many threads; the batch is large enough for several parts.
Taken step_with(int threads, double rate, at::ScalarType precision = at::kFloat, bool whole = false) {
  const int before = at::get_num_threads();
  at::set_num_threads(threads);
  Module module = small_net(rate);
  Taken taken;
  {
    const auto net = step_net({{module}, at::kCPU, precision, whole});
    taken.result = net->step(batch_of(48, 128), 1, cross_entropy);
  }
  taken.gradients = gradients(module);
  taken.mean = module.attr("mean").toTensor();
  taken.variance = module.attr("variance").toTensor();
  at::set_num_threads(before);
  return taken;
}

void check_equal(const Taken& other, const Taken& one) {
  CHECK(other.result.loss.item<double>() == one.result.loss.item<double>());
  CHECK(other.mean.equal(one.mean));
  CHECK(other.variance.equal(one.variance));
  for (const auto& [key, gradient] : one.gradients) {
    const std::string& name = key;
    CAPTURE(name);
    CHECK(other.gradients.at(key).equal(gradient));
  }
}

// The same by several ranks: what each of them has in the end.
std::vector<Taken> steps_of_ranks(int64_t ranks, int64_t rows, at::ScalarType precision) {
  std::vector<Taken> of_rank(static_cast<size_t>(ranks));
  const StepBatch whole = batch_of(rows, 128);
  std::vector<Module> modules;  // made here: LibTorch's generator is one for all threads
  for (int64_t rank = 0; rank < ranks; ++rank) modules.push_back(small_net(.4));
  const auto thrown = in_company(ranks, [&](Ranks& company) {
    Module& module = modules[company.rank()];
    const auto net = step_net({{module}, at::kCPU, precision, false, &company});
    StepBatch own = whole;
    own.share = net->share_rule()(rows, whole.x.numel());
    own.x = whole.x.narrow(0, own.share.first, own.share.count);
    own.labels = whole.labels.narrow(0, own.share.first, own.share.count);
    Taken& taken = of_rank[company.rank()];
    taken.result = net->step(own, 1, cross_entropy);
    taken.gradients = gradients(module);
    taken.mean = module.attr("mean").toTensor();
    taken.variance = module.attr("variance").toTensor();
  });
  for (const std::string& message : thrown) CHECK(message.empty());
  return of_rank;
}

}  // namespace

TEST_CASE("Whole branches of the tree of sums are the largest that a rank's parts hold") {
  const auto text = [](int64_t first, int64_t end, int64_t parts) {
    std::string out;
    for (const PartRun& branch : branches_of({first, end}, parts))
      out += std::to_string(branch.first) + "-" + std::to_string(branch.end) + " ";
    return out;
  };
  CHECK(text(0, 8, 8) == "0-8 ");
  CHECK(text(0, 4, 8) == "0-4 ");
  CHECK(text(1, 7, 8) == "1-2 2-4 4-6 6-7 ");
  CHECK(text(4, 7, 7) == "4-7 ");
  CHECK(text(2, 5, 5) == "2-4 4-5 ");
  CHECK(text(0, 5, 5) == "0-5 ");
}

TEST_CASE("Any number of ranks gives the bytes of one process: gradients, statistics and loss") {
  for (const at::ScalarType precision : {at::kFloat, at::kBFloat16}) {
    const Taken one = step_with(1, .4, precision);
    for (const int64_t ranks : {2, 3, 4}) {
      CAPTURE(ranks);
      for (const Taken& other : steps_of_ranks(ranks, 48, precision)) check_equal(other, one);
    }
  }
}

TEST_CASE("A batch is cut by its shape alone, into parts of nearly equal size") {
  const auto parts = [](int64_t rows, int64_t numbers, const CutRule& rule = {}) {
    return first_rows_of_parts(rows, rows * numbers, rule);
  };
  CHECK(parts(64, 3 * 128 * 128) == std::vector<int64_t>{0, 8, 16, 24, 32, 40, 48, 56, 64});
  CHECK(parts(32, 3 * 64 * 64) == std::vector<int64_t>{0, 16, 32});
  CHECK(parts(33, 3 * 128 * 128) == std::vector<int64_t>{0, 9, 17, 25, 33});
  CHECK(parts(64, 1280) == std::vector<int64_t>{0, 64});
  CHECK(parts(1, 3 * 224 * 224) == std::vector<int64_t>{0, 1});
  CHECK(parts(64, 3 * 128 * 128, {1}) == std::vector<int64_t>{0, 64});
  CHECK(parts(64, 3 * 128 * 128, {32, true}) == std::vector<int64_t>{0, 16, 32, 48, 64});
  // Small pictures, and few features that many kernels are used on.
  CHECK(parts(32, 3 * 32 * 32, {32, false, 20'000}) == std::vector<int64_t>{0, 11, 22, 32});
  CHECK(parts(32, 3 * 32 * 32, {32, true, 20'000}) == std::vector<int64_t>{0, 16, 32});
  CHECK(parts(32, 160 * 5 * 5, {32, false, 1'000'000}) == std::vector<int64_t>{0, 8, 16, 24, 32});
  CHECK(parts(32, 160 * 5 * 5, {32, false, 10'000}) == std::vector<int64_t>{0, 11, 22, 32});
  CHECK(parts(32, 8 * 8, {32, false, 10'000}) == std::vector<int64_t>{0, 32});
}

TEST_CASE("Parts meet where batch norm takes its statistics from the batch, and not where it keeps those it has") {
  constexpr const char* kBatchNorm = "torch.batch_norm(x, self.scale, self.shift, self.mean, self.variance, ";
  const auto meet = [&](const std::string& body, bool training) {
    Module net = small_net(0).copy(), norm("Norm");
    for (const auto& parameter : net.named_parameters(false))
      norm.register_parameter(parameter.name, parameter.value, false);
    for (const auto& buffer : net.named_buffers(false)) norm.register_buffer(buffer.name, buffer.value);
    norm.register_attribute("training", c10::BoolType::get(), training);
    norm.define("def forward(self, x):\n" + body);
    return parts_meet({in_parts(norm)});
  };
  const std::string call = std::string("    return ") + kBatchNorm;
  for (const bool training : {false, true}) {
    CHECK(meet(call + "self.training, 0.1, 0.001, True)\n", training) == training);
    CHECK(meet(call + "True, 0.1, 0.001, True)\n", training));
    CHECK_FALSE(meet(call + "False, 0.1, 0.001, True)\n", training));
    CHECK(meet(call + "x.size(0) > 1, 0.1, 0.001, True)\n", training));
    const std::string branches = "    if self.training:\n        y = " + std::string(kBatchNorm) +
                                 "True, 0.1, 0.001, True)\n    else:\n        y = " + kBatchNorm;
    CHECK(meet(branches + "False, 0.1, 0.001, True)\n    return y\n", training) == training);
    CHECK(meet(branches + "True, 0.1, 0.001, True)\n    return y\n", training));
  }
}

TEST_CASE("The parts of a batch give the gradients, statistics and loss of the whole") {
  const Taken whole = step_with(1, 0, at::kFloat, /*whole=*/true), parts = step_with(2, 0);
  CHECK(parts.result.loss.item<double>() == doctest::Approx(whole.result.loss.item<double>()).epsilon(1e-6));
  CHECK(difference(parts.result.logits, whole.result.logits) < 1e-5);
  CHECK(difference(parts.mean, whole.mean) < 1e-5);
  CHECK(difference(parts.variance, whole.variance) < 1e-5);
  for (const auto& [key, gradient] : whole.gradients) {
    const std::string& name = key;
    CAPTURE(name);
    CHECK(difference(parts.gradients.at(key), gradient) < 2e-4);
  }
}

TEST_CASE("A step gives the same bytes for any number of threads, with dropout, in both precisions") {
  for (const at::ScalarType precision : {at::kFloat, at::kBFloat16}) {
    const Taken one = step_with(1, .4, precision);
    for (const int threads : {2, 3, 4}) {
      CAPTURE(threads);
      check_equal(step_with(threads, .4, precision), one);
    }
  }
}

TEST_CASE("In bfloat16 the gradients are those of float32, roughly, and are kept in float32") {
  const Taken fine = step_with(2, 0), coarse = step_with(2, 0, at::kBFloat16);
  for (const auto& [key, gradient] : fine.gradients) {
    const std::string& name = key;
    CAPTURE(name);
    CHECK(bool(coarse.gradients.at(key).scalar_type() == at::kFloat));
    CHECK(difference(coarse.gradients.at(key), gradient) < .1);
  }
}

TEST_CASE("Gradients are added to those that are there, by the factor") {
  Module module = small_net(0);
  const auto net = step_net({{module}});
  const StepBatch batch = batch_of(24, 128);
  net->step(batch, 1, cross_entropy);
  const auto once = gradients(module);
  net->step(batch, 1, cross_entropy);
  net->step(batch, 2, cross_entropy);
  for (const auto& [key, gradient] : gradients(module)) {
    const std::string& name = key;
    CAPTURE(name);
    CHECK(difference(gradient, once.at(key) * 3) < 1e-4);
  }
}

TEST_CASE("Of a dense layer ranks tell each other its gradient where its inputs are more numbers") {
  constexpr int64_t kRows = 48, kFeatures = 9000, kUnits = 8;
  at::manual_seed(2);
  const at::Tensor weight = at::randn({kUnits, kFeatures}) * .01;
  const auto narrow_net = [&] {
    Module net("Narrow");
    net.register_parameter("weight", weight.clone().set_requires_grad(true), false);
    net.define("def forward(self, x):\n    return torch.linear(x, self.weight)\n");
    return net;
  };
  const at::Tensor x = at::randn({kRows, kFeatures}), labels = at::randint(0, kUnits, {kRows});
  const Module net = narrow_net();
  step_net({{net}})->step({x, labels, 0, {}}, 1, cross_entropy);
  const at::Tensor alone = gradients(net).at("weight");
  // Each with code of its own: what deepcopy gives shares it, and in_parts writes into it.
  const std::vector<Module> modules{narrow_net(), narrow_net()};
  const auto thrown = in_company(2, [&](Ranks& ranks) {
    const auto shared = step_net({{modules[ranks.rank()]}, at::kCPU, at::kFloat, false, &ranks});
    const BatchShare share = shared->share_rule()(kRows, x.numel());
    const auto own = [&](const at::Tensor& all) { return all.narrow(0, share.first, share.count); };
    const int64_t before = ranks.traffic().sent_bytes;
    shared->step({own(x), own(labels), 0, {}, share}, 1, cross_entropy);
    CHECK(ranks.traffic().sent_bytes - before < kFeatures * kUnits * 4 + 1000);
  });
  for (const std::string& message : thrown) CHECK(message.empty());
  for (const Module& module : modules) CHECK(gradients(module).at("weight").equal(alone));
}

TEST_CASE("What dropout drops depends on the seed and the row, and is the asked share") {
  PartTeam team(2, 2, [](const std::function<void()>& life) { life(); });
  const auto mask = [&](uint64_t seed, const std::vector<int64_t>& first) {
    PartedBatch batch{&team, PartDeal(static_cast<int64_t>(first.size()) - 1, nullptr), first, seed, {}};
    batch.exchange.resize(batch.parts());
    std::vector<at::Tensor> masks(batch.parts());
    team.run(batch.parts(), [&](size_t part) {
      PartScope scope(batch, part);
      masks[part] = dropout_of_parts(at::ones({scope.rows(), 1000}), .3, true);
    });
    return at::cat(masks);
  };
  const at::Tensor one = mask(5, {0, 30});
  CHECK(one.equal(mask(5, {0, 11, 30})));
  CHECK_FALSE(one.equal(mask(6, {0, 30})));
  CHECK_FALSE(one[0].equal(one[1]));
  CHECK(one.eq(0).to(at::kFloat).mean().item<double>() == doctest::Approx(.3).epsilon(.02));
  CHECK(one.max().item<double>() == doctest::Approx(1 / .7));
}

TEST_CASE("Batch norm of values far from zero keeps their variance") {
  PartTeam team(2, 2, [](const std::function<void()>& life) { life(); });
  at::manual_seed(1);
  const at::Tensor x = at::randn({40, 5}) * .01 + 1000;
  PartedBatch batch{&team, PartDeal(2, nullptr), {0, 13, 40}, 0, {}};
  batch.exchange.resize(2);
  const at::Tensor mean = at::zeros({5}), variance = at::zeros({5});
  std::vector<at::Tensor> y(2);
  team.run(2, [&](size_t part) {
    PartScope scope(batch, part);
    const at::Tensor m = part == 0 ? mean : at::zeros({5}), v = part == 0 ? variance : at::zeros({5});
    y[part] = batch_norm_of_parts(scope.rows_of(x), {}, {}, m, v, true, 1, 0, false);
  });
  const at::Tensor exact = x.to(at::kDouble);
  CHECK(difference(variance.to(at::kDouble), exact.var({0}, true)) < 1e-4);
  CHECK(at::cat(y).std(0).mean().item<double>() == doctest::Approx(std::sqrt(40. / 39)).epsilon(.01));
}

TEST_CASE("Evaluation is that of the stages as they are") {
  Module module = small_net(.5);
  const auto net = step_net({{module}});
  const StepBatch batch = batch_of(40, 128);
  net->step(batch, 1, cross_entropy);
  module.eval();
  const at::NoGradGuard no_grad;
  CHECK(difference(net->evaluate(batch.x), module.forward({batch.x}).toTensor()) < 1e-5);
}
