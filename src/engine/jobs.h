// One function per command; engine.cpp puts them into the table that the program sees.
#pragma once

#include "spec/engine.h"

namespace cvtool {

TrainResult train_job(const TrainRequest& request, Observer& observer);
LrFinding find_lr_job(const TrainRequest& request, const std::string& picture, Observer& observer);
EvalResult eval_job(const EvalRequest& request, Observer& observer);
Comparison compare_job(const CompareRequest& request);
int64_t predict_job(const PredictRequest& request, const PredictSink& sink, Observer& observer);
ExportResult export_job(const ExportRequest& request, Observer& observer);
ImportResult import_job(const ImportRequest& request, Observer& observer);
VerifyResult verify_job(const VerifyRequest& request);
Summary summary_job(const SummaryRequest& request);
SampleResult sample_job(const std::string& folder, const DrawnSetOptions& options, Observer& observer);
CheckResult check_job(const LookRequest& request, const ComparedBy& by, Observer& observer);
DataStats stats_job(const LookRequest& request, Observer& observer);
DriftResult drift_job(const DriftRequest& request, Observer& observer);
SplitResult split_job(const SplitRequest& request, Observer& observer);
AuditResult audit_job(const AuditRequest& request, Observer& observer);
FixResult fix_job(const FixRequest& request, Observer& observer);
UnpackResult unpack_job(const UnpackRequest& request, Observer& observer);
std::vector<std::string> preview_job(const LookRequest& request, const PreviewOptions& sheet, Observer& observer);
ExplainResult explain_job(const ExplainRequest& request, Observer& observer);
EngineFacts doctor_job(const DoctorRequest& request, Observer& observer);

}  // namespace cvtool
