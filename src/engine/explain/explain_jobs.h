// The ways of looking into a net; explain_job.cpp chooses one.
#pragma once

#include <string>

#include "base/observer.h"
#include "evaluate/opened_model.h"
#include "explain/seen_photo.h"
#include "spec/requests.h"
#include "spec/results.h"

namespace cvtool {

// All throw UsageError for what does not fit the model, DataError for pictures
// that cannot be read.
ExplainResult explain_kernel(const ExplainRequest& request);
ExplainResult explain_layers(const ExplainRequest& request);
ExplainResult explain_heat(const ExplainRequest& request, Observer& observer);
ExplainResult explain_embedding(const ExplainRequest& request, Observer& observer);

// The one picture that a way of looking takes, decoded. Throws UsageError when there are none or several, DataError
// naming the file.
std::string only_input(const ExplainRequest& request);

// Where the picture goes: `output`, or FOLDER/explain/NAME.png beside the model, whose folder is made. Throws
// UsageError when `output` ends in none of `extensions`.
std::string output_path(const std::string& output, const std::string& model, const std::string& name,
                        const std::vector<std::string>& extensions = {".png", ".jpg", ".jpeg"});

// "photo" for "photos/photo.jpg" and for "photo/".
std::string stem_of(const std::string& path);

// Rows of numbers of a plane [H,W], rounded to seven digits.
Json json_from_plane(const at::Tensor& plane);

}  // namespace cvtool
