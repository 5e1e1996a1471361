// A base made from weights, fetched or given: what cvtool import does, and train where it looks for a base by itself.
#pragma once

#include <string>

#include "base/observer.h"
#include "model/bases/backbone_import.h"
#include "spec/requests.h"
#include "spec/results.h"

namespace cvtool {

// How long a server is waited for; see Download.
struct FetchPatience {
  int64_t connect_s = 30, first_byte_s = 0, slow_s = 60, min_bytes_per_s = 1;
  std::string announcement;  // said before anything is fetched; empty: import's own line
};

BackboneRequest wish_of(const ImportRequest& request);

// Where the base goes that a request without `output` makes. The folder is made.
std::string base_output(const BackboneChoice& choice);

// Reads or fetches the weights and writes the base, whole or not at all; what was fetched is removed then. Throws
// UsageError for a wrong request, Error for a broken transfer (the next one goes on from there), weights that do not
// fit and a disk that does not take them, and with kInterrupted when the observer stops it.
ImportResult import_base(const ImportRequest& request, const FetchPatience& patience, Observer& observer);

// The name and size of a file that was written.
ImportResult result_of_file(const std::string& file);

}  // namespace cvtool
