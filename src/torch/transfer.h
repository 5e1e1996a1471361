// Tensors on their way to the device that computes.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

namespace c10 {
class Stream;
}

namespace cvtool {

// The same values in memory from which a GPU reads while the processor goes on; where there is no such GPU, `tensor`
// itself. From any thread.
at::Tensor pinned(const at::Tensor& tensor, at::Device device);

// `tensor` on the device. Nobody waits for the copy: what the device is asked for next finds it done. Pinned on the way
// where it is not. Its own memory is free to be changed or given back at once.
at::Tensor sent(const at::Tensor& tensor, at::Device device);

// Sends batches on a stream of its own: they cross while the device computes what it was asked for before. On a
// processor there is nothing to send.
class CopyStream {
 public:
  explicit CopyStream(at::Device device);
  ~CopyStream();
  CopyStream(const CopyStream&) = delete;
  CopyStream& operator=(const CopyStream&) = delete;

  // Puts each of the tensors (pinned already, or nothing is gained) on the device. What the device is asked for next in
  // the calling thread finds them there; nobody waits.
  void send(const std::vector<at::Tensor*>& tensors) const;

 private:
  const at::Device device_;
  std::unique_ptr<c10::Stream> stream_;
};

}  // namespace cvtool
