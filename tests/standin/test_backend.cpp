// The stand-in itself: it computes what the processor computes, and nothing escapes it.
#include <ATen/ATen.h>
#include <c10/core/Event.h>
#include <c10/core/StreamGuard.h>
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <torch/csrc/autograd/autograd.h>
#include <unistd.h>

#include <csignal>

#include "standin/counts.h"
#include "standin/device.h"
#include "standin/streams.h"
#include "torch/device.h"

using namespace cvtool;

namespace {

// Whether it ended by touching what it may not.
template <class Work>
bool crashes(const Work& work) {
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGSEGV, SIG_DFL);
    std::signal(SIGBUS, SIG_DFL);
    work();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) && (WTERMSIG(status) == SIGSEGV || WTERMSIG(status) == SIGBUS);
}

at::Tensor there(const at::Tensor& x) { return x.to(standin::device()); }

}  // namespace

TEST_CASE("The processor cannot touch a tensor of the stand-in") {
  standin::make_known();
  const at::Tensor x = there(at::ones({4}));
  CHECK(crashes([&] { _exit(x.data_ptr<float>()[0] > 0); }));
  CHECK(crashes([&] { x.data_ptr<float>()[0] = 1; }));
  CHECK_THROWS(x + at::ones({4}));
  CHECK_THROWS(at::ones({4}).add_(x));
  CHECK_THROWS(at::index_select(x, 0, at::zeros({1}, at::kLong)));
}

TEST_CASE("What the host waits for is counted, and what it does not wait for is not") {
  standin::make_known();
  const at::Tensor x = there(at::ones({4}));
  const auto counts_of = [](const auto& work) {
    const standin::Counts before = standin::counted();
    work();
    return standin::counted() - before;
  };
  CHECK(counts_of([&] { x.sum().item<double>(); }).host_reads == 1);
  CHECK(counts_of([&] { at::equal(x, x); }).host_reads >= 1);
  CHECK(counts_of([&] { x.nonzero(); }).host_reads == 1);
  CHECK(counts_of([&] { x.index({x > 0}); }).host_reads == 1);
  CHECK(counts_of([&] { at::masked_select(x, x > 0); }).host_reads == 1);
  CHECK(counts_of([&] { x.cpu(); }).to_host == 1);
  CHECK(counts_of([&] { there(at::ones({2})); }).waiting_copies == 1);
  const standin::Counts late = counts_of([&] { at::ones({2}).to(standin::device(), at::kFloat, true); });
  CHECK(late.to_device == 1);
  CHECK(late.waits() == 0);
  const standin::Counts work = counts_of([&] { (x * 2 + 1).relu().sum(); });
  CHECK(work.kernels == 4);
  CHECK(work.waits() + work.to_device == 0);
}

TEST_CASE("Values and gradients are the processor's: convolution, norm, pooling, dense, loss") {
  standin::make_known();
  at::manual_seed(1);
  std::vector<at::Tensor> inputs{at::randn({4, 3, 8, 8}), at::randn({5, 3, 3, 3}), at::randn({5}),
                                 at::rand({5}),           at::randn({5}),          at::randn({2, 80})};
  const at::Tensor labels = at::arange(4, at::kLong).remainder(2);
  const auto run = [&](at::Device device) {
    std::vector<at::Tensor> own;
    for (const at::Tensor& x : inputs) own.push_back(x.to(device).detach().set_requires_grad(true));
    at::Tensor y = at::conv2d(own[0].contiguous(at::MemoryFormat::ChannelsLast), own[1], own[2], 1, 1);
    y = at::batch_norm(y, own[3], own[4], at::zeros({5}, device), at::ones({5}, device), true, 0.1, 1e-5, false);
    y = at::linear(at::max_pool2d(at::relu(y), 2).flatten(1), own[5]);
    const at::Tensor loss = at::cross_entropy_loss(y, labels.to(device));
    std::vector<at::Tensor> out = torch::autograd::grad({loss}, own);
    out.push_back(loss.detach());
    return out;
  };
  const std::vector<at::Tensor> here = run(at::kCPU), there = run(standin::device());
  for (size_t i = 0; i < here.size(); ++i) {
    CAPTURE(i);
    CHECK(there[i].is_privateuseone());
    CHECK(at::allclose(here[i], there[i].cpu(), 1e-4, 1e-5));
  }
}

TEST_CASE("Autocast rounds products and leaves losses") {
  standin::make_known();
  const at::Tensor a = there(at::randn({4, 4}));
  for (const at::ScalarType type : {at::kBFloat16, at::kHalf}) {
    const Autocast autocast(standin::device(), type);
    CHECK((at::matmul(a, a).scalar_type() == type));
    CHECK((at::log_softmax(at::matmul(a, a), 1).scalar_type() == at::kFloat));
  }
  CHECK((at::matmul(a, a).scalar_type() == at::kFloat));
}

TEST_CASE("Its random numbers have a seed of their own") {
  standin::make_known();
  const auto drawn = [](uint64_t seed) {
    at::Generator generator = at::globalContext().defaultGenerator(standin::device());
    generator.set_current_seed(seed);
    return at::cat({at::rand({8}, standin::device()), at::dropout(at::ones({32}, standin::device()), 0.5, true)}).cpu();
  };
  const at::Tensor first = drawn(5);
  at::manual_seed(7);
  CHECK(at::equal(first, drawn(5)));
  CHECK_FALSE(at::equal(first, drawn(6)));
}

TEST_CASE("What two streams do to one tensor is a race unless one waits for the other") {
  standin::make_known();
  const at::Tensor values = at::ones({4});
  const c10::Stream copying = standin::new_stream();
  const auto races_of = [&](bool waits, bool tells) {
    const int64_t before = standin::counted().races;
    {
      at::Tensor x;
      c10::Event arrived(c10::DeviceType::PrivateUse1);
      {
        const c10::StreamGuard guard(copying);
        x = values.to(standin::device(), at::kFloat, /*non_blocking=*/true);
        arrived.record(copying);
      }
      if (waits) arrived.block(standin::current_stream());
      if (tells) x.record_stream(standin::current_stream());
      const at::Tensor y = x + 1;
    }
    return standin::counted().races - before;
  };
  CHECK(races_of(true, true) == 0);
  CHECK(races_of(false, true) == 1);
  CHECK(races_of(true, false) == 1);
}
