// Weights by name, as tensors, out of any file that users have.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

namespace torch::jit {
struct Module;
}

namespace cvtool {

struct NamedTensor {
  std::string name;
  at::Tensor value;
};

// Parameters, then buffers, of a module and of all inside it: the module's own, not copies.
std::vector<NamedTensor> named_tensors(const torch::jit::Module& module);

// A list of named tensors (CPU, contiguous, owned) in the order of their file, with lookup. Names are unique.
class StateDict {
 public:
  StateDict() = default;
  explicit StateDict(std::string origin) : origin_(std::move(origin)) {}

  // Throws Error when the name is there already.
  void add(const std::string& name, at::Tensor value);
  // Null when missing.
  const at::Tensor* find(const std::string& name) const;
  // Throws Error naming the file and the nearest name when missing.
  const at::Tensor& at(const std::string& name) const;

  const std::vector<NamedTensor>& entries() const { return entries_; }
  size_t size() const { return entries_.size(); }
  const std::string& origin() const { return origin_; }  // the path it was read from, for messages
  std::map<std::string, std::string> metadata;           // of safetensors

 private:
  std::string origin_;
  std::vector<NamedTensor> entries_;
  std::unordered_map<std::string, size_t> places_;
};

// Reads torch.save files (zip and old format; checkpoints {'state_dict': ...} are unwrapped), safetensors, Keras .h5
// and tfjs model.json, told apart by content. A front that wrappers put before every name ("module.", "_orig_mod.",
// "model.") is taken off, with a note. Types and values are those of the file. Throws Error naming the file, what is
// wrong and the next step.
StateDict read_state_dict(const std::string& path);

struct RawStateDict;
// Of tensors that have been checked (check_tensors).
StateDict state_dict_of(RawStateDict raw);

// What a .safetensors file holds: the tensors and the dict's metadata. Throws Error.
std::string safetensors_bytes(const StateDict& dict);

struct ExpectedTensor {
  std::string name;
  std::vector<int64_t> shape;
};

// What keeps a state dict from fitting a net. Every entry names a tensor.
struct WeightMismatch {
  std::vector<std::string> missing;     // expected, not in the file
  std::vector<std::string> unexpected;  // in the file, not expected
  std::vector<std::string> misshaped;   // "name: [10, 3] in the file, [12, 3] expected"
  bool empty() const { return missing.empty() && unexpected.empty() && misshaped.empty(); }
  std::string text() const;  // a line for each kind that occurs, "" when empty
};

// Names with one of the prefixes in `ignored` ("aux1.") may be in the file without being expected; so may
// "*.num_batches_tracked", and those may be missing too: nothing reads them.
WeightMismatch compare_weights(const std::vector<ExpectedTensor>& expected, const StateDict& dict,
                               const std::vector<std::string>& ignored = {});

// Throws one Error with every mismatch by name.
void check_state_dict(const std::vector<ExpectedTensor>& expected, const StateDict& dict,
                      const std::vector<std::string>& ignored = {});

}  // namespace cvtool
