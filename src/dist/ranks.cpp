#include "dist/ranks.h"

#include <ATen/ATen.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <string_view>

#include "base/output.h"
#include "base/random.h"
#include "dist/meeting.h"
#include "dist/watch.h"
#include "torch/byte_tensor.h"

namespace cvtool {
namespace {

// Whether the others are there is the watch's matter; waiting itself has no end.
constexpr std::chrono::milliseconds kForEver = std::chrono::hours(24 * 365);

std::vector<std::string_view> sorted_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  for (size_t begin = 0, end = 0; begin < text.size(); begin = end + 1) {
    end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

bool is_elsewhere(const at::Tensor& tensor) { return tensor.defined() && !tensor.is_cpu(); }

at::Tensor on_host(const at::Tensor& tensor) { return is_elsewhere(tensor) ? tensor.cpu() : tensor; }

// The first line that stands in one of the two alone, and in which.
std::string first_difference(const std::string& of_first, const std::string& own, const std::string& first) {
  const std::vector<std::string_view> theirs = sorted_lines(of_first), mine = sorted_lines(own);
  size_t i = 0;
  while (i < std::min(theirs.size(), mine.size()) && theirs[i] == mine[i]) ++i;
  if (i == std::max(theirs.size(), mine.size())) return "another order";
  const bool is_missing = i == mine.size() || (i < theirs.size() && theirs[i] < mine[i]);
  return printable(std::string(is_missing ? theirs[i] : mine[i])) + " is " +
         (is_missing ? "only on " + first : "not on " + first);
}

}  // namespace

struct Ranks::State {
  Launch launch;
  Meeting meeting;
  std::unique_ptr<Watch> watch;
  Traffic traffic;
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
int64_t Ranks::local_rank() const { return state_->launch.local_rank; }
size_t Ranks::cores() const { return cores_of(state_->launch); }
std::string Ranks::name_of(size_t rank) const { return state_->meeting.names.at(rank); }

void Ranks::exchange(const std::vector<at::Tensor>& to, const std::vector<at::Tensor>& from) {
  std::vector<at::Tensor> sent(size()), received(size());
  for (size_t i = 1; i < size(); ++i) {
    const size_t there = (rank() + i) % size(), before = (there + size() - 1) % size();
    const bool same = to[there].defined() && to[there].is_same(to[before]) && sent[before].defined();
    sent[there] = same ? sent[before] : on_host(to[there]);
    received[there] = is_elsewhere(from[there]) ? at::empty_like(from[there], at::device(at::kCPU)) : from[there];
  }
  exchange_on_host(sent, received);
  for (size_t there = 0; there < size(); ++there)
    if (there != rank() && is_elsewhere(from[there])) from[there].copy_(received[there]);
}

void Ranks::exchange_on_host(const std::vector<at::Tensor>& to, const std::vector<at::Tensor>& from) {
  State& s = *state_;
  if (const auto end = s.watch->known()) s.end(*end);
  const auto begin = std::chrono::steady_clock::now();
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
      if (std::vector<at::Tensor> tensors{to[there]}; open(to[there])) {
        works.push_back({there, s.meeting.group->send(tensors, static_cast<int>(there), tag)});
        s.traffic.sent_bytes += static_cast<int64_t>(to[there].nbytes());
      }
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
  ++s.traffic.exchanges;
  s.traffic.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

const Traffic& Ranks::traffic() const { return state_->traffic; }

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
  std::vector<std::string> all;
  for (const at::Tensor& one : gather(tensor_of_bytes(mine))) all.push_back(bytes_of_tensor(one));
  return all;
}

std::vector<std::string> Ranks::to_first(const std::string& mine) {
  const at::Tensor own = tensor_of_bytes(mine);
  std::vector<at::Tensor> size_to(size()), size_from(size()), to(size()), from(size());
  size_to[0] = at::tensor({own.numel()}, at::kLong);
  for (size_t there = 1; there < size() && is_first(); ++there) size_from[there] = at::empty({1}, at::kLong);
  exchange(size_to, size_from);
  to[0] = own;
  for (size_t there = 1; there < size() && is_first(); ++there)
    from[there] = at::empty({size_from[there].item<int64_t>()}, at::kByte);
  exchange(to, from);
  if (!is_first()) return {};
  std::vector<std::string> all{mine};
  for (size_t there = 1; there < size(); ++there) all.push_back(bytes_of_tensor(from[there]));
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

void Ranks::check_same_lines(const std::string& lines, const std::string& what, const std::string& next) {
  const std::vector<std::string> digests =
      gather(std::to_string(lines.size()) + " " + std::to_string(stable_hash(lines)));
  if (std::all_of(digests.begin(), digests.end(), [&](const std::string& one) { return one == digests[0]; })) return;
  const std::vector<std::string> differences = gather(first_difference(from_first(lines), lines, name_of(0)));
  for (size_t there = 1; there < size(); ++there)
    if (digests[there] != digests[0])
      throw Error(name_of(there) + ": " + what + " differ from those of " + name_of(0) + ": " + differences[there] +
                  "; " + next);
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

void as_ranks_tell(const Ranks* ranks, const std::function<void()>& work) {
  try {
    work();
  } catch (const Error&) {
    throw;
  } catch (const std::exception&) {
    const std::optional<Error> trouble = ranks ? ranks->trouble() : std::nullopt;
    if (trouble) throw *trouble;
    throw;
  }
}

}  // namespace cvtool
