// Every other operation: the processor's, on the device's memory.
#include <ATen/ATen.h>
#include <ATen/Context.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/library.h>

#include <set>

#include "standin/counts.h"
#include "standin/device.h"
#include "standin/kernel_view.h"
#include "standin/memory.h"

namespace standin {
namespace {

using Stack = torch::jit::Stack;

// The size of what comes out depends on values, which a GPU makes the host wait for (nonzero, of which the others are
// made; Thrust's and CUB's counts are read back).
bool has_size_of_values(const std::string& name) {
  static const std::set<std::string> names{"nonzero", "masked_select",      "bincount",
                                           "_unique", "_unique2",           "unique_dim",
                                           "histc",   "unique_consecutive", "unique_dim_consecutive"};
  return names.count(name.substr(name.find("::") + 2)) > 0;
}

// Some operations draw without saying from what: on a GPU from its own generator. While alive, that one's numbers are
// the processor's.
class DrawsFromDevice {
 public:
  explicit DrawsFromDevice(bool draws) : draws_(draws) {
    if (!draws_) return;
    before_ = of_processor_.get_state();
    of_processor_.set_state(of_device_.get_state());
  }
  ~DrawsFromDevice() {
    if (!draws_) return;
    of_device_.set_state(of_processor_.get_state());
    of_processor_.set_state(before_);
  }
  DrawsFromDevice(const DrawsFromDevice&) = delete;
  DrawsFromDevice& operator=(const DrawsFromDevice&) = delete;

 private:
  const bool draws_;
  at::Generator of_processor_ = at::globalContext().defaultGenerator(at::kCPU);
  at::Generator of_device_ = at::globalContext().defaultGenerator(device());
  at::Tensor before_;
};

class Call {
 public:
  Call(const c10::OperatorHandle& op, Stack& stack)
      : op_(op),
        stack_(stack),
        count_(op.schema().arguments().size()),
        given_(stack.end() - static_cast<int64_t>(count_), stack.end()) {}

  void run() {
    for (size_t i = 0; i < count_; ++i) stack_[stack_.size() - count_ + i] = for_kernel(i);
    TORCH_CHECK(!on_host_ || !on_device_, "standin: ", name(), ": a tensor on the processor among those of the device");
    count_kernel();
    if (has_size_of_values(name())) count_host_read(name());
    {
      const at::AutoDispatchBelowADInplaceOrView guard;
      const DrawsFromDevice draws(!names_generator_ && op_.hasTag(at::Tag::nondeterministic_seeded));
      op_.redispatchBoxed(c10::DispatchKeySet(c10::DispatchKey::CPU), &stack_);
    }
    for (const Mutated& tensor : mutated_) finish(tensor);
    const auto& returns = op_.schema().returns();
    for (size_t i = 0; i < returns.size(); ++i) {
      c10::IValue& value = stack_[stack_.size() - returns.size() + i];
      value = from_kernel(returns[i], value);
    }
  }

 private:
  struct Mutated {
    at::Tensor own, seen;
  };

  const std::string& name() const { return op_.schema().name(); }

  at::Tensor seen(const at::Tensor& tensor, bool mutated) {
    if (!tensor.defined()) return tensor;
    if (!is_on_device(tensor)) {
      // Numbers may come from anywhere.
      if (tensor.dim() > 0) on_host_ = true;
      return tensor;
    }
    on_device_ = true;
    // A result without numbers may be given its size by the operation.
    const at::Tensor view = mutated && tensor.numel() == 0
                                ? at::empty(tensor.sizes(), at::device(at::kCPU).dtype(tensor.scalar_type()))
                                : kernel_view(tensor);
    if (mutated) mutated_.push_back({tensor, view});
    return view;
  }

  c10::IValue for_kernel(size_t place) {
    const c10::Argument& argument = op_.schema().arguments()[place];
    const c10::IValue& value = given_[place];
    const bool mutated = argument.alias_info() && argument.alias_info()->isWrite();
    if (value.isTensor()) return seen(value.toTensor(), mutated);
    if (value.isTensorList()) {
      c10::List<at::Tensor> list;
      for (const at::Tensor& tensor : value.toTensorVector()) list.push_back(seen(tensor, mutated));
      return list;
    }
    if (value.isOptionalTensorList()) {
      c10::List<std::optional<at::Tensor>> list;
      for (const std::optional<at::Tensor>& tensor : value.toOptionalTensorVector())
        list.push_back(tensor ? std::optional<at::Tensor>(seen(*tensor, mutated)) : std::nullopt);
      return list;
    }
    if (value.isDevice()) return at::Device(at::kCPU);
    if (value.isNone() && argument.name() == "generator") return at::globalContext().defaultGenerator(device());
    return value;
  }

  void finish(const Mutated& tensor) const {
    if (tensor.seen.sizes() == tensor.own.sizes()) return;
    TORCH_CHECK(tensor.own.numel() == 0, "standin: ", name(), " changes the size of what it is given");
    set_size(tensor.own, tensor.seen.sizes());
    if (tensor.own.numel() > 0) kernel_view(tensor.own).copy_(tensor.seen);
  }

  at::Tensor moved(const at::Tensor& tensor) const {
    if (!tensor.defined()) return tensor;
    TORCH_CHECK(tensor.numel() == 0 || !is_kernel_address(tensor.data_ptr()), "standin: ", name(), " gave a view");
    return on_device(tensor);
  }

  c10::IValue from_kernel(const c10::Argument& result, const c10::IValue& value) const {
    if (result.alias_info()) {
      for (size_t i = 0; i < count_; ++i) {
        const c10::AliasInfo* own = op_.schema().arguments()[i].alias_info();
        if (own && *own == *result.alias_info()) {
          TORCH_CHECK(own->isWrite(), "standin: ", name(), ": a view without a kernel");
          return given_[i];
        }
      }
      TORCH_CHECK(false, "standin: ", name(), ": a view without a kernel");
    }
    if (value.isTensor()) return moved(value.toTensor());
    if (value.isTensorList()) {
      c10::List<at::Tensor> list;
      for (const at::Tensor& tensor : value.toTensorVector()) list.push_back(moved(tensor));
      return list;
    }
    count_host_read(name());  // a number or a truth
    return value;
  }

  const c10::OperatorHandle& op_;
  Stack& stack_;
  const size_t count_;
  const std::vector<c10::IValue> given_;
  std::vector<Mutated> mutated_;
  bool on_host_ = false, on_device_ = false, names_generator_ = false;
};

void on_processor(const c10::OperatorHandle& op, Stack* stack) { Call(op, *stack).run(); }

}  // namespace

TORCH_LIBRARY_IMPL(_, PrivateUse1, library) {
  library.fallback(torch::CppFunction::makeFromBoxedFunction<&on_processor>());
}

}  // namespace standin
