// An audit's photos, predictions and features, and what they say together.
#pragma once

#include <string>
#include <vector>

#include "data/image.h"
#include "engine/audit/out_of_fold.h"
#include "explain/neighbours.h"
#include "spec/audit.h"

namespace cvtool {

struct AuditWork {
  std::string root;
  std::vector<std::string> classes;
  OutOfFold judged;
  std::vector<std::string> splits;  // of judged.samples: "train", "valid", or "" where the data has none
  Neighbours neighbours;            // of judged.samples
  DecodeOptions decode;             // how the photos are read
};

// All of AuditResult but data, run and files.
AuditResult findings_of(const AuditWork& work);

// Writes labels.csv (all suspicious labels, the worst first), audit.json (the result) and audit.html (the page, with
// the `shown` worst) into the folder, and names them in result.files.
void write_audit(const std::string& folder, const AuditWork& work, int64_t shown, AuditResult& result);

}  // namespace cvtool
