#include "data/decode/heif_references.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "base/error.h"

namespace cvtool {
namespace {

// A grid of a phone has some hundred tiles, each with its own alpha at most.
constexpr int kMaxDepth = 6, kMaxPictures = 20'000;

// A piece of a file; numbers beyond its end are 0.
struct BoxBytes {
  const std::string& bytes;
  size_t at, end;

  uint64_t number(size_t count) {
    uint64_t value = 0;
    for (size_t i = 0; i < count; ++i, ++at) value = value << 8 | (at < end ? static_cast<uint8_t>(bytes[at]) : 0U);
    return value;
  }
  bool ended() const { return at >= end; }
};

// Calls `use` with the kind and the content of each box.
void each_box(BoxBytes in, const std::function<void(const std::string&, BoxBytes)>& use) {
  while (in.at + 8 <= in.end) {
    const size_t begin = in.at;
    uint64_t size = in.number(4);
    const std::string kind = in.bytes.substr(in.at, 4);
    in.at += 4;
    if (size == 1) size = in.number(8);
    if (size == 0) size = in.end - begin;  // up to the end
    if (size < in.at - begin) return;
    const size_t end = begin + static_cast<size_t>(std::min<uint64_t>(size, in.end - begin));
    use(kind, {in.bytes, in.at, end});
    in.at = end;
  }
}

using References = std::map<uint64_t, std::vector<uint64_t>>;  // picture -> those that it needs

void add_references(BoxBytes iref, References& needs) {
  const size_t id_bytes = iref.number(4) >> 24 == 0 ? 2 : 4;
  each_box(iref, [&](const std::string& kind, BoxBytes in) {
    const uint64_t from = in.number(id_bytes), count = in.number(2);
    for (uint64_t i = 0; i < count && !in.ended(); ++i) {
      const uint64_t to = in.number(id_bytes);
      // A picture needs its parts, and the alpha that says whose it is.
      if (kind == "auxl")
        needs[to].push_back(from);
      else if (kind == "dimg")
        needs[from].push_back(to);
    }
  });
}

// How many pictures decoding this one takes.
int64_t pictures_for(const References& needs, uint64_t picture, int depth) {
  if (depth > kMaxDepth) throw DataError("damaged HEIF: its pictures are made of one another");
  int64_t count = 1;
  if (const auto found = needs.find(picture); found != needs.end())
    for (const uint64_t part : found->second) {
      count += pictures_for(needs, part, depth + 1);
      if (count > kMaxPictures) throw DataError("damaged HEIF: a picture is made of too many others");
    }
  return count;
}

}  // namespace

void check_heif_references(const std::string& bytes) {
  References needs;
  each_box({bytes, 0, bytes.size()}, [&](const std::string& kind, BoxBytes meta) {
    if (kind != "meta") return;
    meta.number(4);
    each_box(meta, [&](const std::string& inner, BoxBytes content) {
      if (inner == "iref") add_references(content, needs);
    });
  });
  for (const auto& [picture, parts] : needs) pictures_for(needs, picture, 0);
}

}  // namespace cvtool
