#include "train/training_state.h"

#include <ATen/ATen.h>
#include <doctest/doctest.h>
#include <sys/resource.h>
#include <torch/csrc/jit/serialization/pickle.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "base/random.h"
#include "scratch.h"

using namespace cvtool;

namespace {

Checkpoint example(double number) {
  at::manual_seed(static_cast<uint64_t>(number));
  return {{{"epoch", number}, {"loss", 0.1 + number}},
          {{"weights/a", at::randn({3, 5})}, {"optimizer/0/0", at::randn({7})}}};
}

bool same(const Checkpoint& a, const Checkpoint& b) {
  bool equal = a.tensors.size() == b.tensors.size();
  for (const auto& [name, tensor] : b.tensors) {
    const at::Tensor* other = find_tensor(a.tensors, name);
    equal = equal && other && other->equal(tensor);
  }
  return equal && a.facts["epoch"] == b.facts["epoch"] && a.facts["loss"] == b.facts["loss"];
}

}  // namespace

TEST_CASE("A checkpoint reads back bit for bit") {
  const Scratch folder;
  CHECK_FALSE(load_checkpoint(folder.path()).has_value());
  save_checkpoint(folder.path(), example(1));
  CHECK(same(*load_checkpoint(folder.path()), example(1)));
  CHECK(names_in(folder.path()) == std::set<std::string>{kCheckpointFile});
}

TEST_CASE("The checkpoint before is kept, and stands in for one that is cut short") {
  const Scratch folder;
  save_checkpoint(folder.path(), example(1));
  save_checkpoint(folder.path(), example(2));
  CHECK(same(*load_checkpoint(folder.path()), example(2)));
  const std::string whole = content_of(folder / kCheckpointFile);
  for (const size_t length : {size_t{0}, size_t{10}, whole.size() / 2, whole.size() - 1}) {
    CAPTURE(length);
    folder.write(kCheckpointFile, whole.substr(0, length));
    CHECK(same(*load_checkpoint(folder.path()), example(1)));
  }
  std::filesystem::remove(folder / kCheckpointFile);
  CHECK(same(*load_checkpoint(folder.path()), example(1)));
}

TEST_CASE("A flipped bit never gives a wrong checkpoint") {
  const Scratch folder;
  save_checkpoint(folder.path(), example(1));
  save_checkpoint(folder.path(), example(2));
  const std::string whole = content_of(folder / kCheckpointFile);
  Random random(1, "flips");
  int fell_back = 0;
  for (int i = 0; i < 300; ++i) {
    std::string damaged = whole;
    const auto at = static_cast<size_t>(random.below(static_cast<int64_t>(whole.size())));
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << random.below(8)));
    CAPTURE(at);
    folder.write(kCheckpointFile, damaged);
    const auto loaded = load_checkpoint(folder.path());
    REQUIRE(loaded.has_value());
    const bool previous = same(*loaded, example(1));
    const bool harmless = same(*loaded, example(2));
    CHECK((previous || harmless));
    fell_back += previous;
  }
  CHECK(fell_back > 100);
}

TEST_CASE("Without a whole checkpoint the error names the file and what can be done") {
  const Scratch folder;
  folder.write(kCheckpointFile, "PK no zip");
  const std::string message = message_of([&] { load_checkpoint(folder.path()); });
  CHECK(contains(message, kCheckpointFile));
  CHECK(contains(message, "no whole checkpoint is left"));
}

TEST_CASE("Facts that are no object are damage") {
  const Scratch folder;
  for (const std::string facts : {"[1]", "5", "null", "{"}) {
    c10::impl::GenericDict file(c10::StringType::get(), c10::AnyType::get());
    file.insert("facts", facts);
    file.insert("tensors", c10::Dict<std::string, at::Tensor>());
    const std::vector<char> bytes = torch::jit::pickle_save(file);
    folder.write(kCheckpointFile, {bytes.begin(), bytes.end()});
    CAPTURE(facts);
    CHECK(contains(message_of([&] { load_checkpoint(folder.path()); }), "checkpoint.pt: is damaged or no checkpoint"));
  }
}

TEST_CASE("A checkpoint that cannot be written leaves the one before") {
  const Scratch folder;
  save_checkpoint(folder.path(), example(1));
  // A limit on the size of files stands in for a disk that fills up.
  rlimit old{};
  ::getrlimit(RLIMIT_FSIZE, &old);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit low = old;
  low.rlim_cur = 100;
  ::setrlimit(RLIMIT_FSIZE, &low);
  const std::string message = message_of([&] { save_checkpoint(folder.path(), example(2)); });
  ::setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, handler);
  CHECK(contains(message, "cannot write"));
  CHECK(same(*load_checkpoint(folder.path()), example(1)));
  CHECK(names_in(folder.path()) == std::set<std::string>{kCheckpointFile});
}
