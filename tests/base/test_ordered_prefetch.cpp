#include "base/ordered_prefetch.h"

#include <doctest/doctest.h>

#include <atomic>
#include <stdexcept>
#include <system_error>

using namespace cvtool;

namespace {

using std::chrono::milliseconds;

// 0 .. count-1; each item is squared by the work.
PrefetchPlan<int> squares(int count, size_t workers, size_t window) {
  PrefetchPlan<int> plan;
  plan.source = [count, next = 0](int& item) mutable { return (item = next++) < count; };
  plan.work = [](int& item) { item *= item; };
  plan.workers = workers;
  plan.window = window;
  return plan;
}

// A system that gives no more than `most` threads.
ThreadStart at_most(int max) {
  return [max, started = 0](const std::function<void()>& work) mutable {
    if (started == max) throw std::system_error(std::make_error_code(std::errc::resource_unavailable_try_again));
    ++started;
    return start_thread(work);
  };
}

std::vector<int> all_of(OrderedPrefetch<int>& items) {
  std::vector<int> out;
  for (int item = 0; items.next(item);) out.push_back(item);
  return out;
}

// Waits for what another thread will do.
template <class Condition>
bool comes_true(const Condition& condition) {
  for (int i = 0; i < 2000 && !condition(); ++i) std::this_thread::sleep_for(milliseconds(5));
  return condition();
}

}  // namespace

TEST_CASE("Items come in order whatever each of them takes") {
  for (const size_t workers : {1, 3, 8}) {
    auto plan = squares(60, workers, workers + 1);
    plan.work = [](int& item) {
      std::this_thread::sleep_for(milliseconds(item * 7919 % 5));
      item *= item;
    };
    OrderedPrefetch<int> items(std::move(plan));
    const std::vector<int> out = all_of(items);
    REQUIRE(out.size() == 60);
    for (int i = 0; i < 60; ++i) CHECK(out[static_cast<size_t>(i)] == i * i);
    int item = 0;
    CHECK_FALSE(items.next(item));
  }
}

TEST_CASE("No more items are named than the window holds") {
  auto plan = squares(40, 4, 6);
  std::atomic<int> named{0};
  plan.source = [&](int& item) { return (item = named++) < 40; };
  OrderedPrefetch<int> items(std::move(plan));
  CHECK(comes_true([&] { return named == 6; }));
  int taken = 0;
  for (int item = 0; items.next(item);) {
    ++taken;
    std::this_thread::sleep_for(milliseconds(1));
    CHECK(named <= taken + 7);  // the one that has just been handed out may have been replaced
  }
  CHECK(taken == 40);
}

TEST_CASE("What the work throws comes in the place of its item, and then nothing more") {
  for (const size_t workers : {0, 1, 4}) {
    auto plan = squares(1000, workers, 1000);
    std::atomic<int> begun{0};
    plan.work = [&](int& item) {
      ++begun;
      if (item != 5) return std::this_thread::sleep_for(milliseconds(1));
      if (workers > 1) comes_true([&] { return begun > 7; });  // others are ahead of it
      throw std::runtime_error("five");
    };
    OrderedPrefetch<int> items(std::move(plan));
    std::this_thread::sleep_for(milliseconds(100));
    int item = -1;
    for (int i = 0; i < 5; ++i) {
      CHECK(items.next(item));
      CHECK(item == i);
    }
    CHECK_THROWS_WITH(items.next(item), "five");
    CHECK_FALSE(items.next(item));
    CHECK(begun <= 30);
  }
}

TEST_CASE("What the source throws comes behind the items that it has named") {
  auto plan = squares(0, 3, 4);
  plan.source = [next = 0](int& item) mutable {
    if (next == 7) throw std::runtime_error("no list");
    item = next++;
    return true;
  };
  OrderedPrefetch<int> items(std::move(plan));
  int item = 0;
  for (int i = 0; i < 7; ++i) CHECK(items.next(item));
  CHECK(item == 36);
  CHECK_THROWS_WITH(items.next(item), "no list");
  CHECK_FALSE(items.next(item));
}

TEST_CASE("It may be left while workers wait for room, for the source and in the work") {
  {
    OrderedPrefetch<int> full(squares(1000, 4, 2));
    int item = 0;
    CHECK(full.next(item));
  }
  auto plan = squares(1000, 4, 100);
  std::atomic<bool> waits{false}, done{false};
  std::unique_ptr<OrderedPrefetch<int>> live;
  std::atomic<OrderedPrefetch<int>*> known{nullptr};
  plan.source = [&](int& item) {
    item = 1;
    if (!waits.exchange(true)) return true;
    return comes_true([&] { return known && known.load()->stopped(); });
  };
  plan.work = [&](int&) {
    std::this_thread::sleep_for(milliseconds(30));
    done = true;
  };
  live = std::make_unique<OrderedPrefetch<int>>(std::move(plan));
  known = live.get();
  CHECK(comes_true([&] { return waits.load(); }));
  live.reset();
  CHECK(done);
}

TEST_CASE("After stop nothing is handed out and nothing begun") {
  std::atomic<int> begun{0};
  auto plan = squares(1000, 2, 4);
  plan.work = [&](int&) { ++begun; };
  OrderedPrefetch<int> items(std::move(plan));
  CHECK(comes_true([&] { return begun == 4; }));
  items.stop();
  int item = 0;
  CHECK_FALSE(items.next(item));
  CHECK(items.next(item, milliseconds(1)) == Got::kEnd);
  CHECK(begun == 4);
}

TEST_CASE("A source that has nothing yet is waited for as long as asked") {
  std::atomic<bool> more{false};
  auto plan = squares(0, 2, 4);
  plan.source = [&, named = 0](int& item) mutable {
    if (named == 1) comes_true([&] { return more.load(); });
    item = 10 + named;
    return named++ < 2;
  };
  OrderedPrefetch<int> items(std::move(plan));
  int item = 0;
  CHECK(items.next(item));
  CHECK(items.next(item, milliseconds(20)) == Got::kNothingYet);
  CHECK_FALSE(items.under_way());
  more = true;
  CHECK(items.next(item));
  CHECK(item == 121);
  CHECK(items.next(item, milliseconds(5000)) == Got::kEnd);
}

TEST_CASE("Where the system refuses threads, those that started do the work, and without any the caller") {
  for (const int max : {0, 1, 3}) {
    CAPTURE(max);
    auto plan = squares(30, 200, 6);
    plan.start = at_most(max);
    std::atomic<bool> by_caller{false};
    plan.work = [&, caller = std::this_thread::get_id()](int& item) {
      if (std::this_thread::get_id() == caller) by_caller = true;
      item *= item;
    };
    OrderedPrefetch<int> items(std::move(plan));
    const std::vector<int> out = all_of(items);
    REQUIRE(out.size() == 30);
    CHECK(out.back() == 29 * 29);
    CHECK(by_caller == (max == 0));
  }
}

TEST_CASE("Threads that started are joined where another is refused") {
  std::atomic<int> done{0};
  {
    const WorkerThreads threads(
        5,
        [&] {
          std::this_thread::sleep_for(milliseconds(20));
          ++done;
        },
        at_most(2));
    CHECK_FALSE(threads.empty());
  }
  CHECK(done == 2);
}
