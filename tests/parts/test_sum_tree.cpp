#include "parts/sum_tree.h"

#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <mutex>

#include "in_company.h"

using namespace cvtool;

namespace {

// What one part gives: numbers that round differently in another order.
at::Tensor term_of(int64_t part, int64_t numbers) {
  return (at::arange(numbers, at::kFloat) + static_cast<double>(part) * 1.37).sin() * (part % 3 == 0 ? 1e4 : 1e-3);
}

std::vector<at::Tensor> terms_of(const PartRun& run, int64_t numbers) {
  std::vector<at::Tensor> terms;
  for (int64_t part = run.first; part < run.end; ++part) terms.push_back(term_of(part, numbers).view({-1, 1}));
  return terms;
}

}  // namespace

TEST_CASE("Terms are added along a binary tree, where a branch may stand for what lies behind it") {
  // In float32, 1 is lost beside 1e8: each pair is added before the pairs are.
  const auto one = [](double value) { return at::full({1}, value, at::kFloat); };
  CHECK(tree_sum({one(1e8), one(-1e8), one(1), one(1)}).item<float>() == 2);
  CHECK(tree_sum({one(1), one(1e8), one(1), one(-1e8)}).item<float>() == 0);
  CHECK(tree_sum({one(1), one(2), one(3), one(4), one(5)}).item<float>() == 15);
  CHECK(tree_sum({one(3), {}, one(4), {}, one(5)}).item<float>() == 12);
  CHECK(tree_sum({one(7)}).item<float>() == 7);
}

TEST_CASE("Each rank has a run of the parts, and fewer parts than ranks are everybody's") {
  CHECK(in_company(3, [](Ranks& ranks) {
          const PartDeal deal(8, &ranks);
          if (!deal.shared() || deal.own().first != deal.run_of(ranks.rank()).first) throw std::runtime_error("own");
          int64_t next = 0;
          for (size_t rank = 0; rank < 3; ++rank) {
            const PartRun run = deal.run_of(rank);
            if (run.first != next || run.count() < 2 || run.count() > 3) throw std::runtime_error("run");
            next = run.end;
          }
          if (next != 8) throw std::runtime_error("end");
          const PartDeal all(3, &ranks), few(2, &ranks);
          if (!all.shared() || all.own().count() != 1) throw std::runtime_error("one each");
          if (few.shared() || few.own().first != 0 || few.own().end != 2) throw std::runtime_error("few");
        }) == std::vector<std::string>(3));
}

TEST_CASE(
    "The sum of several ranks has the bytes and the sizes of that of one, however large, and changes no other term") {
  for (const int64_t size : {2, 3})
    for (const int64_t numbers : {1, 7, (1 << 14) - 1, 1 << 14, (1 << 14) + 5})
      for (const int64_t parts : {3, 5, 8}) {
        CAPTURE(size);
        CAPTURE(numbers);
        CAPTURE(parts);
        const at::Tensor whole = PartDeal(parts, nullptr).sum(terms_of({0, parts}, numbers));
        CHECK(whole.equal(tree_sum(terms_of({0, parts}, numbers))));
        std::mutex mutex;
        int equal = 0;
        const auto thrown = in_company(size, [&](Ranks& ranks) {
          const PartDeal deal(parts, &ranks);
          const at::Tensor sum = deal.sum(terms_of(deal.own(), numbers));
          // Branches that are given are not changed.
          std::vector<at::Tensor> branches;
          for (const PartRun& branch : branches_of(deal.own(), parts))
            branches.push_back(tree_sum(terms_of(branch, numbers)));
          const at::Tensor before = branches[0].clone(), again = deal.sum_of_branches(branches);
          const std::lock_guard<std::mutex> lock(mutex);
          equal += sum.equal(whole) && again.equal(whole) && sum.sizes() == whole.sizes() && before.equal(branches[0]);
        });
        CHECK(thrown == std::vector<std::string>(static_cast<size_t>(size)));
        CHECK(equal == size);
      }
}
