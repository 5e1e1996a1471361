// Random numbers as a pure function of (seed, purpose, epoch, sample): nothing depends on threads, batch size
// or order. The generator is Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
// SC 2011), checked against the known answers of that paper's Random123 library.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace cvtool {

// 64-bit FNV-1a hash of a text: the stable id of a sample (its relative path) or of a purpose.
uint64_t stable_hash(const std::string& text);

// One block of Philox4x32-10.
std::array<uint32_t, 4> philox(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key);

// An endless stream of draws for one decision. Copying it copies its position.
class Random {
 public:
  // `purpose` is a word such as "shuffle"; `sample` is an id from stable_hash.
  Random(uint64_t seed, const std::string& purpose, uint64_t epoch = 0, uint64_t sample = 0);

  uint32_t bits32();
  uint64_t bits64();
  double uniform();                         // [0, 1), 53 bits
  double uniform(double low, double high);  // [low, high)
  int64_t below(int64_t count);             // 0 .. count-1, without bias; count >= 1
  double normal();                          // mean 0, standard deviation 1 (Box-Muller)

 private:
  std::array<uint32_t, 2> key_;
  std::array<uint32_t, 4> counter_;
  std::array<uint32_t, 4> block_{};
  int used_ = 4;
};

}  // namespace cvtool
