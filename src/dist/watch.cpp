#include "dist/watch.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/json.h"
#include "base/text.h"

namespace cvtool {
namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr const char* kNote = "end";
constexpr double kLook_s = 0.05;

std::vector<uint8_t> bytes_of(const std::string& text) { return {text.begin(), text.end()}; }
std::string text_of(const std::vector<uint8_t>& bytes) { return {bytes.begin(), bytes.end()}; }
std::string read_key(size_t rank) { return "read/" + std::to_string(rank); }
std::string beat_key(size_t rank) { return "beat/" + std::to_string(rank); }

RankEnd end_from(const std::string& text) {
  const Json json = Json::parse(text);
  return {json.at("rank").get<size_t>(), static_cast<ExitCode>(json.at("code").get<int>()),
          json.at("text").get<std::string>()};
}

std::string json_text(const RankEnd& end) {
  return Json{{"rank", end.rank}, {"code", static_cast<int>(end.code)}, {"text", end.text}}.dump(
      -1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

struct Watch::State {
  explicit State(WatchPlan p) : plan(std::move(p)), heard(plan.names.size(), Clock::now()), beats(plan.names.size()) {}

  WatchPlan plan;
  std::mutex mutex;
  std::condition_variable changed;
  // With the lock held:
  std::optional<RankEnd> known, to_tell;
  std::vector<Clock::time_point> heard;  // when each rank was heard last; of rank 0 also when its store answered
  uint64_t rounds = 0;                   // that the beating thread has made
  bool stopping = false, store_gone = false, beating = true;
  bool all_know = false;  // of rank 0: whoever is left has read how the first one ended
  std::function<void()> call_off;
  // Of the beating thread:
  std::vector<std::string> beats;
  uint64_t own_beat = 0;

  double period_s() const { return std::clamp(plan.timeout_s / 10, 0.05, 1.); }
  RankEnd gone(size_t rank) const {
    return {rank, ExitCode::kFailed,
            plan.names[rank] + " has gone: it was killed, ran out of memory, or is cut off from the network"};
  }
  // What is said of this rank where it hears that another one took it for gone.
  RankEnd cut_off() const {
    return {plan.rank, ExitCode::kFailed,
            plan.names[plan.rank] +
                " has lost its connection to another rank, which took it for gone; look at the network " +
                "between them"};
  }
  RankEnd silent(size_t rank, double seconds) const {
    return {rank, ExitCode::kFailed,
            plan.names[rank] + " has been silent for " + fixed(seconds, seconds < 10 ? 1 : 0) +
                " s: it hangs, was stopped, or is cut off from the network (--dist-timeout)"};
  }

  void beat();
  void one_round();
  void look();
};

void Watch::State::one_round() {
  std::optional<RankEnd> telling;
  {
    const std::lock_guard<std::mutex> lock(mutex);
    telling.swap(to_tell);
  }
  c10d::Store& store = *plan.store;
  store.set(beat_key(plan.rank), bytes_of(std::to_string(++own_beat)));
  if (telling && store.add("tellers", 1) == 1) store.set(kNote, bytes_of(json_text(*telling)));
  std::vector<size_t> new_beats;
  const size_t from = plan.rank == 0 ? 1 : 0, to = plan.rank == 0 ? plan.names.size() : 1;
  for (size_t rank = from; rank < to; ++rank) {
    if (!store.check({beat_key(rank)})) continue;
    std::string now = text_of(store.get(beat_key(rank)));
    if (now == beats[rank]) continue;
    beats[rank] = std::move(now);
    new_beats.push_back(rank);
  }
  std::optional<RankEnd> note;
  if (store.check({kNote})) note = end_from(text_of(store.get(kNote)));
  if (note && note->rank == plan.rank && note->text == gone(plan.rank).text) note = cut_off();
  if (note && plan.rank != 0) store.set(read_key(plan.rank), bytes_of("1"));
  bool read_by_all = note.has_value();
  for (size_t rank = from; rank < to && read_by_all && plan.rank == 0; ++rank)
    read_by_all = rank == note->rank || store.check({read_key(rank)});
  const std::lock_guard<std::mutex> lock(mutex);
  all_know = read_by_all;
  for (const size_t rank : new_beats) heard[rank] = Clock::now();
  if (note && !known) known = std::move(note);
  ++rounds;
  changed.notify_all();
}

void Watch::State::beat() {
  while (true) {
    try {
      one_round();
    } catch (const std::exception&) {
      // Rank 0 keeps the store.
      const std::lock_guard<std::mutex> lock(mutex);
      store_gone = true;
      if (!known && !stopping) known = plan.rank == 0 ? cut_off() : gone(0);
    }
    std::unique_lock<std::mutex> lock(mutex);
    changed.notify_all();
    if (!store_gone && !stopping)
      changed.wait_for(lock, Seconds(plan.rank == 0 && known ? kLook_s : period_s()),
                       [this] { return stopping || to_tell.has_value(); });
    if (store_gone || (stopping && !to_tell)) {
      beating = false;
      changed.notify_all();
      return;
    }
  }
}

void Watch::State::look() {
  std::unique_lock<std::mutex> lock(mutex);
  Clock::time_point last = Clock::now();
  while (!stopping) {
    changed.wait_for(lock, Seconds(kLook_s), [this] { return stopping; });
    const Clock::time_point now = Clock::now();
    // This process itself stood still: nobody else can be blamed for that.
    if (Seconds(now - last).count() > std::max(1., plan.timeout_s / 4)) std::fill(heard.begin(), heard.end(), now);
    last = now;
    const size_t from = plan.rank == 0 ? 1 : 0, to = plan.rank == 0 ? plan.names.size() : 1;
    // Sooner than the limit: the others must hear of it too.
    for (size_t rank = from; rank < to && !known; ++rank)
      if (const double silence = Seconds(now - heard[rank]).count(); silence > plan.timeout_s - 2 * period_s()) {
        known = silent(rank, silence);
        if (plan.rank == 0) to_tell = known;
        changed.notify_all();
      }
    if (known && call_off) call_off();
  }
}

// The thread that may wait for ever comes last: where the system refuses one of the two, the other must be ended.
Watch::Watch(WatchPlan plan) : state_(std::make_shared<State>(std::move(plan))) {
  looks_ = std::thread([state = state_] { state->look(); });
  try {
    beats_ = std::thread([state = state_] { state->beat(); });
  } catch (...) {
    {
      const std::lock_guard<std::mutex> lock(state_->mutex);
      state_->stopping = true;
      state_->changed.notify_all();
    }
    looks_.join();
    throw;
  }
}

Watch::~Watch() { stop(); }

void Watch::stop() {
  std::unique_lock<std::mutex> lock(state_->mutex);
  // What they are to read goes with this process.
  if (state_->plan.rank == 0 && state_->known && !state_->stopping)
    state_->changed.wait_for(lock, Seconds(2 * state_->period_s()), [this] { return state_->all_know; });
  state_->stopping = true;
  state_->changed.notify_all();
  // A store whose rank 0 hangs never answers.
  const bool ended = state_->changed.wait_for(lock, Seconds(1), [this] { return !state_->beating; });
  lock.unlock();
  if (looks_.joinable()) looks_.join();
  if (!beats_.joinable()) return;
  if (ended)
    beats_.join();
  else
    beats_.detach();
}

std::optional<RankEnd> Watch::known() const {
  const std::lock_guard<std::mutex> lock(state_->mutex);
  return state_->known;
}

RankEnd Watch::tell(const RankEnd& end) {
  constexpr double kPatience_s = 2;
  std::unique_lock<std::mutex> lock(state_->mutex);
  if (state_->known) return *state_->known;
  state_->to_tell = end;
  state_->changed.notify_all();
  state_->changed.wait_for(lock, Seconds(kPatience_s), [this] { return state_->known || !state_->beating; });
  return state_->known.value_or(end);
}

RankEnd Watch::lost(size_t rank) {
  std::unique_lock<std::mutex> lock(state_->mutex);
  const uint64_t before = state_->rounds;
  state_->changed.wait_for(lock, Seconds(2 * state_->period_s() + 1),
                           [&] { return state_->known || !state_->beating || state_->rounds > before + 1; });
  if (state_->known) return *state_->known;
  lock.unlock();
  return tell(state_->gone(rank));
}

Watch::Waiting::Waiting(Watch& watch, std::function<void()> call_off) : watch_(watch) {
  const std::lock_guard<std::mutex> lock(watch_.state_->mutex);
  watch_.state_->call_off = std::move(call_off);
}

Watch::Waiting::~Waiting() {
  const std::lock_guard<std::mutex> lock(watch_.state_->mutex);
  watch_.state_->call_off = nullptr;
}

}  // namespace cvtool
