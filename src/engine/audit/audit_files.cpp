#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/csv.h"
#include "base/files.h"
#include "base/output.h"
#include "base/text.h"
#include "engine/audit/audit_work.h"
#include "evaluate/mistakes.h"
#include "report/audit_page.h"
#include "report/image_file.h"

namespace cvtool {
namespace {

constexpr int kAuditPhotoPx = 200, kAuditPhotoQuality = 80;

std::string labels_csv(const AuditResult& result) {
  std::string text = "path,given,suggested,self_confidence,suggested_probability,margin\n";
  for (const LabelFinding& at : result.labels)
    text += csv_cell(at.path) + "," + csv_cell(at.given) + "," + csv_cell(at.suggested) + "," +
            fixed(at.self_confidence, 6) + "," + fixed(at.suggested_probability, 6) + "," + fixed(at.margin, 6) + "\n";
  return text;
}

class PageMaker {
 public:
  PageMaker(const AuditWork& work, const AuditResult& result) : work_(work), result_(result) {
    for (size_t row = 0; row < work.judged.samples.size(); ++row) rows_.emplace(work.judged.samples[row].path, row);
    page_.title = "Labels of " + result.data;
    page_.data = result.data;
    page_.classes = result.classes;
    page_.photos = result.photos;
    page_.found = static_cast<int64_t>(result.labels.size());
    page_.noise = result.noise;
    page_.accuracy = result.accuracy;
    page_.overlaps = result.overlaps;
  }

  AuditPage make(int64_t shown) {
    const auto most = static_cast<size_t>(shown);
    for (size_t i = 0; i < std::min(most, result_.labels.size()); ++i) {
      const LabelFinding& at = result_.labels[i];
      add({"label",
           at.path,
           at.given,
           at.suggested,
           fixed(at.self_confidence, 3) + " for the given label, " + fixed(at.suggested_probability, 3) +
               " for the suggested one",
           {}});
    }
    for (const DuplicateGroup& group : result_.duplicates) {
      if (page_.items.size() >= 2 * most) break;
      if (group.across_classes) add_group(group);
    }
    for (const OddPhoto& odd : result_.outliers) {
      if (page_.items.size() >= 3 * most) break;
      add({"outlier", odd.path, odd.class_name, "", "unlike all other photos", {}});
    }
    return std::move(page_);
  }

 private:
  // The photos of a group that the labels have not brought yet.
  void add_group(const DuplicateGroup& group) {
    for (const FoundPhoto& photo : group.photos) {
      if (there_.count(photo.path)) continue;
      AuditItem item{"duplicate", photo.path, photo.class_name, "", "nearly the same photo has another label", {}};
      for (const FoundPhoto& other : group.photos)
        if (other.path != photo.path) item.neighbours.push_back({other.path, other.class_name});
      add(std::move(item));
    }
  }

  void add(AuditItem item) {
    if (!there_.insert(item.path).second) return;
    const auto row = static_cast<int64_t>(rows_.at(item.path));
    const auto nearest = work_.neighbours.rows.accessor<int64_t, 2>();
    if (item.neighbours.empty())
      for (int64_t k = 0; k < work_.neighbours.rows.size(1); ++k) {
        const Sample& other = work_.judged.samples[static_cast<size_t>(nearest[row][k])];
        item.neighbours.push_back({other.path, work_.classes[static_cast<size_t>(other.label)]});
      }
    add_picture(item.path);
    for (const AuditNeighbour& other : item.neighbours) add_picture(other.path);
    page_.items.push_back(std::move(item));
  }

  void add_picture(const std::string& path) {
    if (page_.pictures.count(path)) return;
    page_.pictures.emplace(
        path, jpeg_bytes(thumbnail(sample_path(work_.root, path), work_.decode, kAuditPhotoPx), kAuditPhotoQuality));
  }

  const AuditWork& work_;
  const AuditResult& result_;
  AuditPage page_;
  std::map<std::string, size_t> rows_;
  std::set<std::string> there_;
};

}  // namespace

void write_audit(const std::string& folder, const AuditWork& work, int64_t shown, AuditResult& result) {
  const std::string labels = own_file(folder, "labels.csv"), document = own_file(folder, "audit.json"),
                    page = own_file(folder, "audit.html");
  write_file_atomically(labels, labels_csv(result));
  write_file_atomically(page, audit_page(PageMaker(work, result).make(shown)));
  result.files = {labels, document, page};
  write_file_atomically(document, text_from_json(result));
}

}  // namespace cvtool
