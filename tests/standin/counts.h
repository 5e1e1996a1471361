// What the stand-in was asked to do.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace standin {

struct Counts {
  int64_t kernels = 0;
  // The host waits: a value is asked for, by name of the operation; an operation whose output's size depends on values;
  // a copy to the device that is not non_blocking; any copy from it.
  int64_t host_reads = 0;
  int64_t waiting_copies = 0;
  int64_t to_device = 0;  // of copies, those that wait included
  int64_t to_host = 0;
  int64_t races = 0;                     // see streams.h
  std::map<std::string, int64_t> reads;  // by operation
  int64_t waits() const { return host_reads + waiting_copies + to_host; }
};

// Since the program began, of all threads.
Counts counted();

// What came between.
Counts operator-(const Counts& later, const Counts& earlier);

// For kernels.
void count_kernel();
void count_host_read(const std::string& operation);
void count_to_device(bool waits);
void count_to_host();
void count_race(const std::string& what);

}  // namespace standin
