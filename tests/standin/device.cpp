#include "standin/device.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/VariableHooksInterface.h>
#include <ATen/detail/PrivateUse1HooksInterface.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <torch/csrc/autograd/variable.h>

#include "standin/memory.h"
#include "standin/streams.h"

namespace standin {
namespace {

class Guard final : public c10::impl::DeviceGuardImplInterface {
 public:
  c10::DeviceType type() const override { return c10::DeviceType::PrivateUse1; }
  c10::Device exchangeDevice(c10::Device) const override { return device(); }
  c10::Device getDevice() const override { return device(); }
  void setDevice(c10::Device) const override {}
  void uncheckedSetDevice(c10::Device) const noexcept override {}
  c10::DeviceIndex deviceCount() const noexcept override { return 1; }
  c10::Stream getStream(c10::Device) const noexcept override { return current_stream(); }
  c10::Stream getDefaultStream(c10::Device) const override { return c10::Stream(c10::Stream::DEFAULT, device()); }
  c10::Stream getStreamFromGlobalPool(c10::Device, bool) const override { return new_stream(); }
  c10::Stream exchangeStream(c10::Stream stream) const noexcept override { return exchange_stream(stream); }
  void record(void** event, const c10::Stream& stream, c10::DeviceIndex, c10::EventFlag) const override {
    forget(static_cast<Moment*>(*event));
    *event = moment_of(stream);
  }
  void block(void* event, const c10::Stream& stream) const override {
    if (event) wait_for(static_cast<const Moment*>(event), stream);
  }
  void destroyEvent(void* event, c10::DeviceIndex) const noexcept override { forget(static_cast<Moment*>(event)); }
  bool queryEvent(void*) const override { return true; }
  bool queryStream(const c10::Stream&) const override { return true; }
  void synchronizeStream(const c10::Stream&) const override { host_waited(); }
};

// Its random numbers are not the processor's: they have a seed of their own.
class Hooks : public at::PrivateUse1HooksInterface {
 public:
  bool hasPrimaryContext(c10::DeviceIndex) const override { return true; }
  c10::DeviceIndex deviceCount() const override { return 1; }
  c10::DeviceIndex getCurrentDevice() const override { return 0; }
  const at::Generator& getDefaultGenerator(c10::DeviceIndex) const override { return generator_; }

 private:
  at::Generator generator_ = at::make_generator<at::CPUGeneratorImpl>(c10::default_rng_seed_val);
};

using OwnHooks = at::impl::VariableHooksInterface;

// A gradient's type of its own is younger than LibTorch 2.6.
template <class Own, class = void>
class GradientHooks : public Own {
 public:
  explicit GradientHooks(Own* own) : own_(*own) {}

 protected:
  Own& own_;
};
template <class Own>
class GradientHooks<Own, std::void_t<decltype(&Own::grad_dtype)>> : public Own {
 public:
  explicit GradientHooks(Own* own) : own_(*own) {}
  std::optional<c10::ScalarType> grad_dtype(const at::TensorBase& x) const override { return own_.grad_dtype(x); }
  void set_grad_dtype(const at::TensorBase& x, const std::optional<c10::ScalarType>& type) const override {
    own_.set_grad_dtype(x, type);
  }

 protected:
  Own& own_;
};

// LibTorch's list of devices between which a variable can be moved in place (TensorImpl.h,
// has_compatible_shallow_copy_type) lacks PrivateUse1, so that Module::to() would refuse it. All else is LibTorch's
// own.
class VariableHooks final : public GradientHooks<OwnHooks> {
 public:
  using GradientHooks::GradientHooks;
  void set_data(const at::TensorBase& variable, const at::TensorBase& data) const override {
    if (variable.device() == data.device()) return own_.set_data(variable, data);
    // As LibTorch does: gradients of the old device are no gradients of the new one.
    if (auto* meta = torch::autograd::impl::get_autograd_meta(variable)) {
      const std::lock_guard<std::mutex> lock(meta->mutex_);
      meta->grad_accumulator_.reset();
    }
    variable.unsafeGetTensorImpl()->shallow_copy_from(data.getIntrusivePtr());
  }
  at::TensorBase tensor_data(const at::TensorBase& x) const override { return own_.tensor_data(x); }
  at::TensorBase variable_data(const at::TensorBase& x) const override { return own_.variable_data(x); }
  // The pointer's kind differs between versions.
  decltype(std::declval<const OwnHooks&>().grad_fn({})) grad_fn(const at::TensorBase& x) const override {
    return own_.grad_fn(x);
  }
  unsigned _register_hook(const at::TensorBase& x,
                          std::function<at::TensorBase(const at::TensorBase&)> hook) const override {
    return own_._register_hook(x, std::move(hook));
  }
  void remove_hook(const at::TensorBase& x, unsigned place) const override { own_.remove_hook(x, place); }
  bool is_view(const at::TensorBase& x) const override { return own_.is_view(x); }
  const at::TensorBase& base(const at::TensorBase& x) const override { return own_.base(x); }
  const std::string& name(const at::TensorBase& x) const override { return own_.name(x); }
  bool is_leaf(const at::TensorBase& x) const override { return own_.is_leaf(x); }
  int64_t output_nr(const at::TensorBase& x) const override { return own_.output_nr(x); }
  at::TensorBase data(const at::TensorBase& x) const override { return own_.data(x); }
  int64_t _version(const at::TensorBase& x) const override { return own_._version(x); }
  void retain_grad(const at::TensorBase& x) const override { own_.retain_grad(x); }
  bool retains_grad(const at::TensorBase& x) const override { return own_.retains_grad(x); }
  void _backward(const at::Tensor& x, at::TensorList inputs, const std::optional<at::Tensor>& gradient,
                 std::optional<bool> keep_graph, bool create_graph) const override {
    own_._backward(x, inputs, gradient, keep_graph, create_graph);
  }
  void requires_grad_(const at::TensorBase& x, bool requires_it) const override { own_.requires_grad_(x, requires_it); }
  void basic_autograd_not_implemented_fallback(const c10::OperatorHandle& op, c10::DispatchKeySet keys,
                                               torch::jit::Stack* stack) const override {
    own_.basic_autograd_not_implemented_fallback(op, keys, stack);
  }
};

}  // namespace

// LibTorch keeps all of these to the program's end.
void make_known() {
  static const bool once = [] {
    c10::register_privateuse1_backend(kName);
    c10::SetAllocator(c10::DeviceType::PrivateUse1, &device_allocator());
    const c10::impl::DeviceGuardImplRegistrar guard(c10::DeviceType::PrivateUse1, new Guard);
    at::RegisterPrivateUse1HooksInterface(new Hooks);
    at::impl::SetVariableHooks(new VariableHooks(at::impl::GetVariableHooks()));
    return true;
  }();
  static_cast<void>(once);
}

}  // namespace standin
