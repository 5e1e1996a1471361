// What a command must not write over: its own inputs, files of another kind, and what a run has made. To be asked
// before any work.
#pragma once

#include <string>
#include <vector>

#include "data/dataset.h"

namespace cvtool {

// A picture is of the kind that its path's extension says.
enum class OutputKind { kPicture, kText, kModel, kOnnx, kSafetensors };

struct CommandInputs {
  std::vector<std::string> files;    // paths; "" and what is not there are passed over
  const Dataset* dataset = nullptr;  // its photos are inputs too
};

// All throw UsageError naming the file, what it is and what to do.

// Where a regular file is at `path`, behind all links: refuses one of the inputs, one whose content is of another kind
// than what is to be written, and one that a training has written into its run's folder. An older output of the same
// kind is fine, as is a stream.
void check_output(const std::string& path, OutputKind kind, const CommandInputs& inputs);

// The same for a file that is written beside `path` under a name that the user has not given: where `path` is not there
// yet, whatever is at `beside` is something else.
void check_output_beside(const std::string& beside, OutputKind kind, const std::string& path,
                         const CommandInputs& inputs);

// The same for files of these names, pictures by their ending and else texts, that go into a folder; what a training
// has written there may be renewed.
void check_outputs_in(const std::string& folder, const std::vector<std::string>& names, const CommandInputs& inputs);

// Refuses a folder in which the data set's photos lie, or where what is written would be taken for a part of it. `flag`
// begins the message.
void check_output_folder(const std::string& flag, const std::string& folder, const Dataset& dataset);

}  // namespace cvtool
