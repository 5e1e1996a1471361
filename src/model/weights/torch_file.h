// The two formats of torch.save: the zip of PyTorch 1.6 and later, and the one before (official VGG16 and
// GoogLeNet).
#pragma once

#include "model/weights/raw_tensor.h"

namespace cvtool {

// `origin` is the path. Both throw Error on anything but a state dict (or a checkpoint around one) that is
// whole.
RawStateDict read_torch_zip(const Blob& file, const std::string& origin);
RawStateDict read_torch_legacy(const Blob& file, const std::string& origin);

// True when the bytes begin as an old-format file does.
bool is_torch_legacy(std::string_view bytes);

}  // namespace cvtool
