#include "base/parallel.h"

#include <algorithm>
#include <atomic>

#include "base/ordered_prefetch.h"
#include "base/throttle.h"

namespace cvtool {

void for_each_parallel(size_t count, int64_t workers, const std::function<void(size_t)>& work,
                       const std::function<void(int64_t, int64_t)>& progress) {
  std::atomic<int64_t> done{0};
  PrefetchPlan<size_t> plan;
  plan.source = [count, next = size_t{0}](size_t& i) mutable { return (i = next++) < count; };
  plan.work = [&](size_t& i) {
    work(i);
    ++done;
  };
  plan.workers = std::min(worker_count(workers), count);
  plan.window = count;  // one slow item holds up no other
  OrderedPrefetch<size_t> items(std::move(plan));
  Throttle showing(0.1);
  size_t item = 0;
  while (items.next(item, std::chrono::milliseconds(100)) != Got::kEnd)
    if (progress && showing.due()) showing.run([&] { progress(done, static_cast<int64_t>(count)); });
  if (progress) progress(static_cast<int64_t>(count), static_cast<int64_t>(count));
}

}  // namespace cvtool
