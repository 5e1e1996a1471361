#include "standin/counts.h"

#include <c10/util/Backtrace.h>

#include <cstdio>
#include <cstdlib>
#include <mutex>

namespace standin {
namespace {

struct Shared {
  std::mutex lock;
  Counts counts;
};

Shared& shared() {
  static Shared& all = *new Shared;
  return all;
}

template <class Change>
void change(const Change& how) {
  const std::lock_guard<std::mutex> guard(shared().lock);
  how(shared().counts);
}

// STANDIN_TRACE=1 in the environment: where the host waits.
void trace(const std::string& what) {
  if (std::getenv("STANDIN_TRACE"))
    std::fprintf(stderr, "standin: %s\n%s\n", what.c_str(), c10::get_backtrace(2, 40).c_str());
}

}  // namespace

Counts counted() {
  const std::lock_guard<std::mutex> guard(shared().lock);
  return shared().counts;
}

Counts operator-(const Counts& later, const Counts& earlier) {
  Counts out;
  out.kernels = later.kernels - earlier.kernels;
  out.host_reads = later.host_reads - earlier.host_reads;
  out.waiting_copies = later.waiting_copies - earlier.waiting_copies;
  out.to_device = later.to_device - earlier.to_device;
  out.to_host = later.to_host - earlier.to_host;
  out.races = later.races - earlier.races;
  for (const auto& [name, count] : later.reads) {
    const auto before = earlier.reads.find(name);
    const int64_t more = count - (before == earlier.reads.end() ? 0 : before->second);
    if (more > 0) out.reads[name] = more;
  }
  return out;
}

void count_kernel() {
  change([](Counts& c) { ++c.kernels; });
}

void count_host_read(const std::string& operation) {
  trace("host read by " + operation);
  change([&](Counts& c) { ++c.host_reads, ++c.reads[operation]; });
}

void count_to_device(bool waits) {
  if (waits) trace("a copy to the device that waits");
  change([&](Counts& c) { ++c.to_device, c.waiting_copies += waits; });
}

void count_to_host() {
  trace("a copy to the host");
  change([](Counts& c) { ++c.to_host; });
}

void count_race(const std::string& what) {
  trace(what);
  change([](Counts& c) { ++c.races; });
}

}  // namespace standin
