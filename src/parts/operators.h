// What a part of a batch computes otherwise than a batch: the operators that look at other rows or draw.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/csrc/jit/api/module.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace cvtool {

using OptionalTensor = c10::optional<at::Tensor>;

// Those of LibTorch by the same names, with the same arguments; called within a PartScope.

// The statistics are those of the whole batch. Running ones are updated where they are given.
at::Tensor batch_norm_of_parts(const at::Tensor& x, const OptionalTensor& weight, const OptionalTensor& bias,
                               const OptionalTensor& running_mean, const OptionalTensor& running_variance,
                               bool training, double momentum, double epsilon, bool cudnn);

// What is dropped depends on the batch's seed and the row's place in the batch alone.
at::Tensor dropout_of_parts(const at::Tensor& x, double rate, bool training);

// Of a layer among PartedBatch::dense the weight gets no gradient: its factors are kept there.
at::Tensor linear_of_parts(const at::Tensor& x, const at::Tensor& weight, const OptionalTensor& bias);

// The number of elements that x has over all parts.
int64_t numel_of_parts(const at::Tensor& x);

// A copy of the module, sharing its parameters and buffers, whose methods call those. Its classes are written into the
// compilation unit of the module, which deepcopy shares: one thread at a time for all modules of one.
torch::jit::Module in_parts(const torch::jit::Module& module);

// True where modules of in_parts, in the mode they are in, have batch norm that waits for the other parts.
bool parts_meet(const std::vector<torch::jit::Module>& modules);

// The parameters of these modules and of those below that autocast rounds wherever they are used, by the module that
// owns them and their name: of those a rounded copy serves as well.
class RoundedParameters {
 public:
  explicit RoundedParameters(const std::vector<torch::jit::Module>& modules);
  bool contains(const torch::jit::Module& owner, const std::string& name) const;

 private:
  std::map<std::pair<const c10::Type*, std::string>, bool> rounded_;
};

}  // namespace cvtool
