// The layer table as JSON.
#pragma once

#include <vector>

#include "model/compile.h"

namespace cvtool {

// {"layers": [{name, kind, output (Keras's order), trainable, non_trainable}], "total", "trainable", "non_trainable"}
Json summary_json(const std::vector<SummaryRow>& rows);

}  // namespace cvtool
