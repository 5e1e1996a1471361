// Memory of the stand-in: at the addresses that tensors hold nothing may be read or written, ever, so that whatever
// touches a tensor of the device as if it lay in the processor's memory ends the program there. The same bytes lie a
// second time at other addresses, by which the backend's own kernels work on them.
#pragma once

#include <cstddef>

#include <c10/core/Allocator.h>

namespace standin {

c10::Allocator& device_allocator();

// Where kernels find what lies at an address of the device; null for null.
void* kernel_address(const void* device_address);

// Whether kernels could have been given this address.
bool is_kernel_address(const void* address);

}  // namespace standin
