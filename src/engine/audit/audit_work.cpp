#include "engine/audit/audit_work.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "metrics/class_metrics.h"
#include "metrics/confident_learning.h"

namespace cvtool {
namespace {

constexpr double kLeastOverlap = 0.01;  // share of two classes' photos below which a mixture is not told of

const std::string& class_of(const AuditWork& work, int64_t label) { return work.classes[static_cast<size_t>(label)]; }

void add_labels(const AuditWork& work, const std::vector<double>& joint, AuditResult& result) {
  const Predictions& p = work.judged.predictions;
  for (const LabelIssue& issue : label_issues(p, joint)) {
    const Sample& sample = work.judged.samples[static_cast<size_t>(issue.row)];
    result.labels.push_back({sample.path, class_of(work, sample.label), class_of(work, issue.suggested),
                             issue.self_confidence, p.probability(issue.row, issue.suggested), issue.margin});
  }
}

void add_joint(const AuditWork& work, const std::vector<double>& joint, AuditResult& result) {
  const auto classes = static_cast<int64_t>(work.classes.size());
  double right = 0;
  for (int64_t i = 0; i < classes; ++i) {
    const auto row = joint.begin() + i * classes;
    result.joint.emplace_back(row, row + classes);
    right += row[i];
  }
  result.noise = 1 - right;
  for (const ClassOverlap& overlap : class_overlaps(joint, classes))
    if (overlap.share >= kLeastOverlap)
      result.overlaps.push_back({class_of(work, overlap.first), class_of(work, overlap.second), overlap.share});
}

void add_duplicates(const AuditWork& work, AuditResult& result) {
  for (const std::vector<size_t>& rows : alike_photos(work.neighbours)) {
    DuplicateGroup group;
    std::set<std::string> splits;
    std::set<int64_t> labels;
    for (const size_t row : rows) {
      const Sample& sample = work.judged.samples[row];
      group.photos.push_back({sample.path, work.splits[row], class_of(work, sample.label)});
      splits.insert(work.splits[row]);
      labels.insert(sample.label);
    }
    group.across_splits = splits.size() > 1;
    group.across_classes = labels.size() > 1;
    result.duplicates.push_back(std::move(group));
  }
  std::stable_partition(result.duplicates.begin(), result.duplicates.end(),
                        [](const DuplicateGroup& group) { return group.across_classes; });
}

void add_outliers(const AuditWork& work, AuditResult& result) {
  const std::vector<double> distances = mean_distances(work.neighbours);
  for (const size_t row : odd_photos(distances, work.judged.predictions.labels)) {
    const Sample& sample = work.judged.samples[row];
    result.outliers.push_back({sample.path, class_of(work, sample.label), distances[row]});
  }
}

}  // namespace

AuditResult findings_of(const AuditWork& work) {
  const Predictions& p = work.judged.predictions;
  AuditResult result;
  result.photos = p.count();
  result.classes = work.classes;
  result.accuracy = accuracy(class_counts(p.labels, predicted_classes(p), p.classes));
  result.thresholds = class_thresholds(p);
  const std::vector<double> joint = calibrated_joint(confident_joint(p, result.thresholds), p.labels, p.classes);
  add_joint(work, joint, result);
  add_labels(work, joint, result);
  add_duplicates(work, result);
  add_outliers(work, result);
  return result;
}

}  // namespace cvtool
