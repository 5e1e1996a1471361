#include "dist/ranks.h"

#include <ATen/ATen.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <cstring>

#include "dist/meeting.h"
#include "dist/watch.h"

namespace cvtool {
namespace {

// Whether the others are there is the watch's matter; waiting itself has no end.
constexpr std::chrono::milliseconds kForEver = std::chrono::hours(24 * 365);

}  // namespace

struct Ranks::State {
  Launch launch;
  Meeting meeting;
  std::unique_ptr<Watch> watch;
  int tag = 0;
  bool told = false;

  [[noreturn]] void end(const RankEnd& why) {
    told = true;  // the others know
    throw Error(why.text, why.code);
  }
};

Ranks::Ranks(std::unique_ptr<State> state) : state_(std::move(state)) {}

Ranks::~Ranks() {
  state_->watch->stop();
  state_->meeting.group.reset();
}

std::shared_ptr<Ranks> Ranks::join(const Launch& launch, double timeout_s) {
  auto state = std::make_unique<State>();
  state->launch = launch;
  state->meeting = meet(launch, timeout_s);
  state->watch = std::make_unique<Watch>(
      WatchPlan{static_cast<size_t>(launch.rank), state->meeting.names, timeout_s, state->meeting.store});
  return std::shared_ptr<Ranks>(new Ranks(std::move(state)));
}

size_t Ranks::rank() const { return static_cast<size_t>(state_->launch.rank); }
size_t Ranks::size() const { return static_cast<size_t>(state_->launch.size); }
bool Ranks::is_first_of_machine() const { return state_->launch.local_rank == 0; }
size_t Ranks::processes_of_machine() const { return static_cast<size_t>(state_->launch.local_size); }
size_t Ranks::cores() const { return cores_of(state_->launch); }
std::string Ranks::name_of(size_t rank) const { return state_->meeting.names.at(rank); }

void Ranks::exchange(const std::vector<at::Tensor>& to, const std::vector<at::Tensor>& from) {
  State& s = *state_;
  if (const auto end = s.watch->known()) s.end(*end);
  struct Waited {
    size_t rank;
    c10::intrusive_ptr<c10d::Work> work;
  };
  std::vector<Waited> works;
  const auto open = [](const at::Tensor& t) { return t.defined() && t.numel() > 0; };
  const int tag = s.tag = (s.tag + 1) % (1 << 24);
  size_t asked = 0;
  try {
    for (size_t i = 1; i < size(); ++i) {
      // Each begins with its neighbour, so that not all send to the same one.
      const size_t there = (rank() + i) % size();
      asked = there;
      if (std::vector<at::Tensor> tensors{to[there]}; open(to[there]))
        works.push_back({there, s.meeting.group->send(tensors, static_cast<int>(there), tag)});
      if (std::vector<at::Tensor> tensors{from[there]}; open(from[there]))
        works.push_back({there, s.meeting.group->recv(tensors, static_cast<int>(there), tag)});
    }
    const Watch::Waiting waiting(*s.watch, [&works] {
      for (const Waited& waited : works) waited.work->abort();
    });
    for (const Waited& waited : works) {
      asked = waited.rank;
      waited.work->wait(kForEver);
      if (s.watch->known()) break;
    }
  } catch (const std::exception& error) {
    spdlog::debug("exchange with {}: {}", s.meeting.names[asked], reason_of(error));
    s.end(s.watch->lost(asked));
  }
  if (const auto end = s.watch->known()) s.end(*end);
}

std::vector<at::Tensor> Ranks::gather(const at::Tensor& mine, const std::vector<int64_t>& sizes) {
  std::vector<at::Tensor> to(size(), mine), from(size());
  for (size_t there = 0; there < size(); ++there)
    from[there] = there == rank() ? mine : at::empty({sizes[there]}, mine.options());
  exchange(to, from);
  return from;
}

std::vector<at::Tensor> Ranks::gather(const at::Tensor& mine) {
  std::vector<int64_t> sizes;
  for (const at::Tensor& one : gather(at::tensor({mine.numel()}, at::kLong), std::vector<int64_t>(size(), 1)))
    sizes.push_back(one.item<int64_t>());
  return gather(mine, sizes);
}

std::vector<std::string> Ranks::gather(const std::string& mine) {
  at::Tensor bytes = at::empty({static_cast<int64_t>(mine.size())}, at::kByte);
  if (!mine.empty()) std::memcpy(bytes.data_ptr(), mine.data(), mine.size());
  std::vector<std::string> all;
  for (const at::Tensor& one : gather(bytes))
    all.emplace_back(static_cast<const char*>(one.data_ptr()), static_cast<size_t>(one.numel()));
  return all;
}

std::string Ranks::from_first(const std::string& bytes) { return gather(is_first() ? bytes : "").front(); }

double Ranks::from_first(double number) {
  return gather(at::tensor({number}, at::kDouble), std::vector<int64_t>(size(), 1)).front().item<double>();
}

int64_t Ranks::largest(int64_t mine) {
  return at::cat(gather(at::tensor({mine}, at::kLong), std::vector<int64_t>(size(), 1))).max().item<int64_t>();
}

void Ranks::check_same(const std::string& value, const std::string& what, const std::string& next) {
  const std::vector<std::string> all = gather(value);
  for (size_t there = 1; there < size(); ++there)
    if (all[there] != all[0])
      throw Error(name_of(there) + ": " + what + " differ from those of " + name_of(0) + "; " + next);
}

void Ranks::fail(const std::string& message, ExitCode code) noexcept {
  try {
    if (state_->told) return;
    state_->told = true;
    state_->watch->tell(
        {rank(), code,
         name_of(rank()) + (code == ExitCode::kInterrupted ? " was stopped: " : " has failed: ") + message});
  } catch (const std::exception&) {
    // The others will miss this rank.
  }
}

std::optional<Error> Ranks::trouble() const {
  const std::optional<RankEnd> end = state_->watch->known();
  return end ? std::optional<Error>(Error(end->text, end->code)) : std::nullopt;
}

void Ranks::leave() {
  largest(0);
  state_->watch->stop();
  state_->told = true;
}

}  // namespace cvtool
