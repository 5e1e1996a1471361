// What a training says of itself, held back while ways to train are tried: a trial is one line.
#pragma once

#include <spdlog/spdlog.h>

namespace cvtool {

// While it lives, remarks on how a training goes are not for the reader: a trial is one line.
class WithoutRemarks {
 public:
  WithoutRemarks() : level_(spdlog::get_level()) {
    if (level_ == spdlog::level::info) spdlog::set_level(spdlog::level::warn);
  }
  ~WithoutRemarks() { spdlog::set_level(level_); }
  WithoutRemarks(const WithoutRemarks&) = delete;
  WithoutRemarks& operator=(const WithoutRemarks&) = delete;

 private:
  spdlog::level::level_enum level_;
};

}  // namespace cvtool
