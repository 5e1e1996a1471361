#include "standin/streams.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "standin/counts.h"
#include "standin/device.h"

namespace standin {

// By stream: how many of its uses of memory are known to be over.
struct Moment {
  std::map<c10::StreamId, int64_t> over;
};

namespace {

struct Block {
  c10::StreamId owner = 0;
  std::map<c10::StreamId, int64_t> last_use;
  std::set<c10::StreamId> recorded;
};

struct Order {
  std::mutex lock;
  std::map<c10::StreamId, int64_t> uses;     // so far
  std::map<c10::StreamId, Moment> known_to;  // what each stream has waited for
  std::map<const void*, Block> blocks;
  c10::StreamId last_stream = 0;
};

Order& order() {
  static Order& all = *new Order;
  return all;
}

thread_local c10::StreamId current = 0;

c10::Stream stream_of(c10::StreamId id) { return c10::Stream(c10::Stream::UNSAFE, device(), id); }

void join(Moment& known, const Moment& more) {
  for (const auto& [stream, count] : more.over) known.over[stream] = std::max(known.over[stream], count);
}

}  // namespace

c10::Stream current_stream() { return stream_of(current); }

c10::Stream exchange_stream(c10::Stream stream) { return stream_of(std::exchange(current, stream.id())); }

c10::Stream new_stream() {
  const std::lock_guard<std::mutex> guard(order().lock);
  return stream_of(++order().last_stream);
}

Moment* moment_of(const c10::Stream& stream) {
  const std::lock_guard<std::mutex> guard(order().lock);
  auto* moment = new Moment(order().known_to[stream.id()]);
  moment->over[stream.id()] = order().uses[stream.id()];
  return moment;
}

void wait_for(const Moment* moment, const c10::Stream& stream) {
  const std::lock_guard<std::mutex> guard(order().lock);
  join(order().known_to[stream.id()], *moment);
}

void forget(Moment* moment) { delete moment; }

void host_waited() {
  const std::lock_guard<std::mutex> guard(order().lock);
  Moment now = order().known_to[current];
  now.over[current] = order().uses[current];
  for (c10::StreamId stream = 0; stream <= order().last_stream; ++stream) join(order().known_to[stream], now);
}

void note_taken(const void* block) {
  const std::lock_guard<std::mutex> guard(order().lock);
  order().blocks[block] = {current, {}, {}};
}

void note_use(const void* block) {
  const std::lock_guard<std::mutex> guard(order().lock);
  const auto known = order().blocks.find(block);
  if (known == order().blocks.end()) return;
  for (const auto& [stream, use] : known->second.last_use)
    if (stream != current && order().known_to[current].over[stream] < use) count_race("two streams use one tensor");
  known->second.last_use[current] = ++order().uses[current];
}

void note_recorded(const void* block, const c10::Stream& stream) {
  const std::lock_guard<std::mutex> guard(order().lock);
  order().blocks[block].recorded.insert(stream.id());
}

void note_given_back(const void* block) {
  const std::lock_guard<std::mutex> guard(order().lock);
  const Block& given = order().blocks[block];
  for (const auto& [stream, use] : given.last_use)
    if (stream != given.owner && given.recorded.count(stream) == 0)
      count_race("memory is given back to one stream while another uses it");
  order().blocks.erase(block);
}

}  // namespace standin
