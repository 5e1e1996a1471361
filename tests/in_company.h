// Several ranks, each a thread of the test.
#pragma once

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "dist/ranks.h"
#include "free_port.h"
#include "scratch.h"

namespace cvtool {

// What each rank's `work` threw, by rank; "" where it threw nothing.
inline std::vector<std::string> in_company(int64_t size, const std::function<void(Ranks& ranks)>& work,
                                           double timeout_s = 20) {
  const uint16_t port = free_port();
  std::vector<std::string> thrown(static_cast<size_t>(size));
  std::vector<std::thread> threads;
  for (int64_t rank = 0; rank < size; ++rank)
    threads.emplace_back([&, rank] {
      thrown[static_cast<size_t>(rank)] = message_of([&] {
        const auto ranks = Ranks::join({rank, size, rank, size, "test", "127.0.0.1", port}, timeout_s);
        work(*ranks);
        ranks->leave();
      });
    });
  for (std::thread& thread : threads) thread.join();
  return thrown;
}

}  // namespace cvtool
