#include "base/random.h"

#include <cmath>

namespace cvtool {

uint64_t stable_hash(const std::string& text) {
  uint64_t hash = 0xcbf29ce484222325ull;
  for (unsigned char c : text) hash = (hash ^ c) * 0x100000001b3ull;
  return hash;
}

std::array<uint32_t, 4> philox(std::array<uint32_t, 4> c, std::array<uint32_t, 2> k) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t a = 0xD2511F53ull * c[0], b = 0xCD9E8D57ull * c[2];
    c = {static_cast<uint32_t>(b >> 32) ^ c[1] ^ k[0], static_cast<uint32_t>(b),
         static_cast<uint32_t>(a >> 32) ^ c[3] ^ k[1], static_cast<uint32_t>(a)};
    k[0] += 0x9E3779B9u;
    k[1] += 0xBB67AE85u;
  }
  return c;
}

Random::Random(uint64_t seed, const std::string& purpose, uint64_t epoch, uint64_t sample) {
  // Seed, purpose and epoch make the key; the sample is half of the counter, the draw's number the other half.
  const uint64_t name = stable_hash(purpose);
  const auto low = philox({static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32), static_cast<uint32_t>(epoch),
                           static_cast<uint32_t>(epoch >> 32)},
                          {static_cast<uint32_t>(name), static_cast<uint32_t>(name >> 32)});
  key_ = {low[0], low[1]};
  counter_ = {0, 0, static_cast<uint32_t>(sample), static_cast<uint32_t>(sample >> 32)};
}

uint32_t Random::bits32() {
  if (used_ == 4) {
    block_ = philox(counter_, key_);
    if (++counter_[0] == 0) ++counter_[1];
    used_ = 0;
  }
  return block_[static_cast<size_t>(used_++)];
}

uint64_t Random::bits64() {
  const uint64_t high = bits32();
  return high << 32 | bits32();
}

double Random::uniform() { return static_cast<double>(bits64() >> 11) * 0x1.0p-53; }

double Random::uniform(double low, double high) { return low + (high - low) * uniform(); }

int64_t Random::below(int64_t count) {
  const auto n = static_cast<uint64_t>(count);
  const uint64_t limit = UINT64_MAX - UINT64_MAX % n;
  uint64_t draw = bits64();
  while (draw >= limit) draw = bits64();
  return static_cast<int64_t>(draw % n);
}

double Random::normal() {
  const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
  return radius * std::cos(6.283185307179586 * uniform());
}

}  // namespace cvtool
