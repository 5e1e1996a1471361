// The picture of a feature extraction.
#pragma once

#include "explain/extraction.h"
#include "report/canvas.h"

namespace cvtool {

// The kernel with its numbers, then the panels Input, Filter, Detect and Condense with their sizes and the values that
// are black and white. `title` stands above.
std::unique_ptr<Canvas> extraction_picture(const std::string& title, const Extraction& extraction, const Kernel& kernel,
                                           const ExtractionOptions& options);

}  // namespace cvtool
