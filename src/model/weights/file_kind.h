// What a file is that is not what was hoped for.
#pragma once

#include <string>

#include "model/weights/blob.h"

namespace cvtool {

struct ForeignKind {
  std::string what;       // "is a web page, not the file itself"; "": not known
  std::string next_step;  // "fetch the file again"
};

// Told by the file's beginning, of a zip archive by the names of its entries. TorchScript is not among the kinds.
ForeignKind kind_of_file(const Blob& file);

// ModelProto: ir_version, then the producer's name, as every exporter writes it.
bool begins_like_onnx(std::string_view bytes);

}  // namespace cvtool
