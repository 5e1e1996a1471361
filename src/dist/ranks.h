// Several processes that train one net together: what each says to the others.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/launch.h"

namespace cvtool {

// What a rank has told the others so far.
struct Traffic {
  int64_t exchanges = 0, sent_bytes = 0;
  double seconds = 0;  // in which it exchanged, or waited for that
};

// All ranks call the same functions in the same order, from one thread at a time. Each throws an Error that names the
// rank and its host where another one has failed, was stopped, has gone, or has been silent for too long: whoever waits
// then stops to wait.
class Ranks {
 public:
  // Waits for the others, and says their hosts. Throws Error naming who has not come within `timeout_s`.
  static std::shared_ptr<Ranks> join(const Launch& launch, double timeout_s);
  ~Ranks();
  Ranks(const Ranks&) = delete;
  Ranks& operator=(const Ranks&) = delete;

  size_t rank() const;
  size_t size() const;
  bool is_first() const { return rank() == 0; }
  bool is_first_of_machine() const;
  size_t processes_of_machine() const;
  int64_t local_rank() const;  // on its machine
  // Cores that this process keeps busy at most.
  size_t cores() const;
  // "rank 1 on node7"
  std::string name_of(size_t rank) const;

  // to[q] goes to rank q, and what rank q sends comes into from[q]: contiguous, as large as what is sent. Undefined or
  // empty ones stay away. Nothing goes to oneself. What lies on a device goes by way of the host, which waits for it.
  void exchange(const std::vector<at::Tensor>& to, const std::vector<at::Tensor>& from);

  const Traffic& traffic() const;

  // What each rank gives, by rank: one-dimensional, sizes[q] values of rank q, all of one type.
  std::vector<at::Tensor> gather(const at::Tensor& mine, const std::vector<int64_t>& sizes);
  // The same of sizes that the others do not know.
  std::vector<at::Tensor> gather(const at::Tensor& mine);
  std::vector<std::string> gather(const std::string& mine);
  // By rank, at rank 0; of the others each gives, and gets nothing.
  std::vector<std::string> to_first(const std::string& mine);
  // What rank 0 gives.
  std::string from_first(const std::string& bytes);
  double from_first(double number);
  int64_t largest(int64_t mine);

  // Throws Error naming the first rank whose value is not that of rank 0: "rank 1 on node7: WHAT differs from rank 0 on
  // node6; NEXT".
  void check_same(const std::string& value, const std::string& what, const std::string& next);
  // The same of a list, a line each, of which a digest is sent; the message names the first line that one of the two
  // has alone.
  void check_same_lines(const std::string& lines, const std::string& what, const std::string& next);

  // Tells the others why this rank ends, once; the first to tell is believed.
  void fail(const std::string& message, ExitCode code) noexcept;
  // What the next exchange will throw, where a rank has ended that should not have.
  std::optional<Error> trouble() const;
  // Waits for all, so that nobody misses what this process keeps.
  void leave();

 private:
  struct State;
  explicit Ranks(std::unique_ptr<State> state);
  void exchange_on_host(const std::vector<at::Tensor>& to, const std::vector<at::Tensor>& from);

  std::unique_ptr<State> state_;
};

// Calls `work`, in which ranks exchange; null: one process. TorchScript hides the type of what is thrown within it:
// what the ranks know is thrown instead.
void as_ranks_tell(const Ranks* ranks, const std::function<void()>& work);

}  // namespace cvtool
