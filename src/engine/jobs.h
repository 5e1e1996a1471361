// One function a command; engine.cpp puts them into the table that the program sees.
#pragma once

#include "spec/engine.h"

namespace cvtool {

TrainResult train_job(const TrainRequest& request, Observer& observer);
Json find_lr_job(const TrainRequest& request, const std::string& picture, Observer& observer);
EvalResult eval_job(const EvalRequest& request, Observer& observer);
Json compare_job(const CompareRequest& request);
int64_t predict_job(const PredictRequest& request, const PredictSink& sink, Observer& observer);
Json export_job(const ExportRequest& request, Observer& observer);
Json import_job(const ImportRequest& request, Observer& observer);
Json verify_job(const VerifyRequest& request);
Json summary_job(const SummaryRequest& request);
Json sample_job(const std::string& folder, const DrawnSetOptions& options, Observer& observer);
Json check_job(const LookRequest& request, Observer& observer);
Json stats_job(const LookRequest& request, Observer& observer);
Json split_job(const SplitRequest& request, Observer& observer);
Json unpack_job(const UnpackRequest& request, Observer& observer);
std::vector<std::string> preview_job(const LookRequest& request, const PreviewOptions& sheet, Observer& observer);
Json explain_job(const ExplainRequest& request, Observer& observer);

}  // namespace cvtool
