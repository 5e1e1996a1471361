// What writing an exported file needs, and what comes of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/observer.h"
#include "engine/export/export_source.h"
#include "spec/results.h"

namespace cvtool {

// Everything that writing a format needs.
struct ExportJob {
  const ExportRequest& request;
  const ExportSource& source;
  const ExportPictures& pictures;
  Observer& observer;
  std::string output;
};

struct Written {
  std::vector<ExportCheck> checks;
  at::Tensor outputs;                  // of the file that was read back, for the pictures
  std::optional<double> milliseconds;  // for one picture
  std::vector<std::string> also;       // files beside it
  size_t bytes = 0;                    // of the file
};

// What `reader` found: `outputs` (undefined: none) beside those of the model.
ExportCheck check_of(const std::string& reader, double difference, const at::Tensor& outputs,
                     const at::Tensor& expected);

// Throws Error when a check says that the file must not be kept.
void judge(const std::vector<ExportCheck>& checks, const ExportOptions& options);

// FILE.onnx, as the job's options say, read back and compared with `expected` [N,K], what the model gives for the
// pictures. Throws UsageError for options that do not go together, Error where the file must not be kept.
Written write_onnx(const ExportJob& job, const at::Tensor& expected);

}  // namespace cvtool
