// The layer table of a net.
#pragma once

#include <vector>

#include "model/compile.h"
#include "spec/summary_result.h"

namespace cvtool {

LayerTable layer_table(const std::vector<SummaryRow>& rows);

}  // namespace cvtool
