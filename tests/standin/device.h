// A stand-in for a GPU: a device of LibTorch's (PrivateUse1) whose tensors the processor cannot touch, whose operations
// are the processor's, and that counts what a GPU would wait for. Needs LibTorch 2.1 or newer.
#pragma once

#include <c10/core/Device.h>

namespace standin {

constexpr const char* kName = "standin";

inline c10::Device device() { return {c10::DeviceType::PrivateUse1, 0}; }

// Makes it known to LibTorch, once. `--device standin` then names it.
void make_known();

}  // namespace standin
