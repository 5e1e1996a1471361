// An evaluation in a few lines of Markdown: for the page of a CI job, and as the first part of a model card.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace cvtool {

// `document` is what metrics.json holds. All that comes from outside is escaped.

// Figures with intervals, gates, the change against the baseline, the weakest classes; under a heading, and with an
// empty line at the end, so that a file of such summaries can go on.
std::string evaluation_summary(const Json& document, const std::vector<std::string>& classes);

// Of an evaluation that ended in an error; see junit_of_failure.
std::string failure_summary(const Json& document, const std::string& error);

// The parts. An empty text where the document has nothing of it.
std::string gates_markdown(const Json& document);     // a list
std::string baseline_markdown(const Json& document);  // a table and a sentence
// Figures of each class, the weakest first; of more than `most` only those.
std::string classes_markdown(const Json& document, const std::vector<std::string>& classes, size_t most);

}  // namespace cvtool
