#include "datatools/check.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <numeric>
#include <set>

#include "base/output.h"
#include "base/text.h"

namespace cvtool {
namespace {

constexpr int kMaxBits = 7;            // of 64
constexpr double kMaxDifference = 10;  // mean of the thumbnails' values, 0..255
constexpr double kMinContrast = 6;     // below it a picture is plain

int bits_apart(uint64_t a, uint64_t b) { return __builtin_popcountll(a ^ b); }

double difference(const PhotoFacts& a, const PhotoFacts& b) {
  int sum = 0;
  for (size_t i = 0; i < a.thumbnail.size(); ++i) sum += std::abs(a.thumbnail[i] - b.thumbnail[i]);
  return static_cast<double>(sum) / static_cast<double>(a.thumbnail.size());
}

bool look_alike(const PhotoFacts& a, const PhotoFacts& b) {
  if (bits_apart(a.perceptual, b.perceptual) > kMaxBits) return false;
  // Photos of little contrast differ little whatever they show.
  const double contrast = std::min(a.contrast, b.contrast);
  return difference(a, b) <= std::min(kMaxDifference, contrast / 4);
}

// Sets that grow together (union-find with path halving).
class Sets {
 public:
  explicit Sets(size_t count) : parents_(count) { std::iota(parents_.begin(), parents_.end(), size_t{0}); }
  size_t root(size_t i) {
    while (parents_[i] != i) i = parents_[i] = parents_[parents_[i]];
    return i;
  }
  void join(size_t a, size_t b) {
    a = root(a), b = root(b);
    parents_[std::max(a, b)] = std::min(a, b);
  }

 private:
  std::vector<size_t> parents_;
};

Groups grouped(Sets& sets, size_t count) {
  std::map<size_t, std::vector<size_t>> members;
  for (size_t i = 0; i < count; ++i) members[sets.root(i)].push_back(i);
  Groups groups;
  for (auto& [root, group] : members)
    if (group.size() > 1) groups.push_back(std::move(group));
  return groups;
}

struct Listed {
  std::vector<FoundPhoto> photos;
  std::vector<std::string> paths;  // to open them
};

Listed list_photos(const Dataset& dataset) {
  Listed listed;
  for (const char* split : {"train", "valid", "test"})
    for (const Sample& sample : dataset.split(split)) {
      listed.photos.push_back({sample.path, split, dataset.classes[static_cast<size_t>(sample.label)]});
      listed.paths.push_back(sample_path(dataset.root, sample.path));
    }
  return listed;
}

std::string size_text(const PhotoFacts& facts) {
  return std::to_string(facts.width) + " x " + std::to_string(facts.height) + " pixels";
}

// ".heif" promises the container, whatever the picture in it.
bool is_heif_container(const std::string& path) { return ends_with(lower(path), ".heif"); }

void find_odd_photo(const PhotoFacts& facts, const std::string& path, const CheckLimits& limits, CheckReport& report) {
  if (!facts.damage.empty()) report.damaged.push_back({path, facts.damage});
  const ImageFormat promised = format_of_extension(path);
  if (promised != ImageFormat::kUnknown && promised != facts.format &&
      !(is_heif_container(path) && facts.format == ImageFormat::kAvif))
    report.wrong_extension.push_back({path, std::string("its content is ") + format_name(facts.format)});
  const int64_t shorter = std::min(facts.height, facts.width), longer = std::max(facts.height, facts.width);
  if (shorter < limits.tiny_px) report.tiny.push_back({path, size_text(facts)});
  if (facts.height * facts.width > limits.huge_pixels) report.huge.push_back({path, size_text(facts)});
  if (static_cast<double>(longer) > limits.aspect * static_cast<double>(shorter))
    report.extreme_aspect.push_back({path, size_text(facts)});
  const std::string brightness = "mean brightness " + fixed(facts.brightness, 1) + " of 255";
  if (facts.contrast < limits.blank_contrast)
    report.blank.push_back({path, "all of one colour, " + brightness});
  else if (facts.brightness < limits.dark)
    report.dark.push_back({path, brightness});
  else if (facts.brightness > limits.bright)
    report.bright.push_back({path, brightness});
}

std::vector<DuplicateGroup> described(const Groups& duplicates, const Listed& listed, const GroupsByPath& of_photos) {
  std::vector<DuplicateGroup> out;
  for (const auto& indices : duplicates) {
    DuplicateGroup group;
    std::set<std::string> splits, classes, named;
    for (const size_t i : indices) {
      const FoundPhoto& photo = group.photos.emplace_back(listed.photos[i]);
      splits.insert(photo.split);
      classes.insert(photo.class_name);
      if (const auto at = of_photos.find(photo.path); at != of_photos.end()) named.insert(at->second);
    }
    group.across_splits = splits.size() > 1;
    group.across_classes = classes.size() > 1;
    group.across_groups = named.size() > 1;
    std::sort(group.photos.begin(), group.photos.end(),
              [](const FoundPhoto& a, const FoundPhoto& b) { return a.path < b.path; });
    out.push_back(std::move(group));
  }
  return out;
}

int64_t count_groups(const GroupsByPath& of_photos) {
  std::set<std::string> names;
  for (const auto& [path, name] : of_photos) names.insert(name);
  return static_cast<int64_t>(names.size());
}

std::vector<std::string> imbalances(const Dataset& dataset) {
  std::vector<std::string> out;
  for (const char* split : {"train", "valid", "test"}) {
    std::vector<int64_t> counts(dataset.classes.size());
    for (const Sample& sample : dataset.split(split)) ++counts[static_cast<size_t>(sample.label)];
    const auto [min, max] = std::minmax_element(counts.begin(), counts.end());
    if (*max == 0 || static_cast<double>(*max) <= kMaxImbalance * static_cast<double>(*min)) continue;
    const auto name = [&](auto at) { return dataset.classes[static_cast<size_t>(at - counts.begin())]; };
    out.push_back(std::string(split) + ": " + counted(*max, "photo") + " of '" + name(max) + "' but " +
                  std::to_string(*min) + " of '" + name(min) + "'");
  }
  return out;
}

CheckLine line_of(const std::string& what, const std::vector<PhotoFinding>& findings) {
  CheckLine line{what, static_cast<int64_t>(findings.size()), {}};
  for (size_t i = 0; i < findings.size() && i < 3; ++i)
    line.examples.push_back(printable(findings[i].path) + ": " + findings[i].reason);
  return line;
}

CheckLine line_of(const std::string& what, const std::vector<std::string>& sentences) {
  CheckLine line{what, static_cast<int64_t>(sentences.size()), sentences};
  line.examples.resize(std::min<size_t>(3, line.examples.size()));
  return line;
}

CheckLine line_of(const std::string& what, const std::vector<DuplicateGroup>& groups, bool DuplicateGroup::*filter) {
  CheckLine line{what, 0, {}};
  for (const auto& group : groups) {
    if (filter ? !(group.*filter) : group.across_splits || group.across_classes) continue;
    if (++line.count > 3) continue;
    line.examples.push_back(printable(group.photos[0].path) + " = " + printable(group.photos[1].path) +
                            (group.photos.size() > 2 ? " ..." : ""));
  }
  return line;
}

}  // namespace

Groups exact_duplicates(const std::vector<PhotoFacts>& facts) {
  std::map<ContentHash, size_t> first;
  Sets sets(facts.size());
  for (size_t i = 0; i < facts.size(); ++i)
    if (facts[i].unreadable.empty()) sets.join(i, first.emplace(facts[i].pixels, i).first->second);
  return grouped(sets, facts.size());
}

Groups near_duplicates(const std::vector<PhotoFacts>& facts) {
  // Equal photos stand for one another.
  Sets equal(facts.size());
  for (const auto& group : exact_duplicates(facts))
    for (const size_t i : group) equal.join(group[0], i);
  // Two hashes at most 7 bits apart agree in at least one of their 8 bytes.
  std::array<std::array<std::vector<size_t>, 256>, 8> buckets;
  Sets alike(facts.size());
  for (size_t i = 0; i < facts.size(); ++i) {
    const PhotoFacts& photo = facts[i];
    if (!photo.unreadable.empty() || photo.contrast < kMinContrast) continue;
    if (equal.root(i) != i) {
      alike.join(equal.root(i), i);
      continue;
    }
    for (size_t byte = 0; byte < 8; ++byte) {
      auto& bucket = buckets[byte][photo.perceptual >> (8 * byte) & 255];
      for (const size_t other : bucket)
        if (look_alike(photo, facts[other])) alike.join(i, other);
      bucket.push_back(i);
    }
  }
  Groups groups;
  for (auto& group : grouped(alike, facts.size())) {
    const bool all_equal =
        std::all_of(group.begin(), group.end(), [&](size_t i) { return equal.root(i) == equal.root(group[0]); });
    if (!all_equal) groups.push_back(std::move(group));
  }
  return groups;
}

CheckReport check_dataset(const Dataset& dataset, const CheckPlan& plan, const CheckLimits& limits) {
  const Listed listed = list_photos(dataset);
  const SplitComparison comparison(dataset, plan.seed);
  ExamineOptions options = plan.examine;
  options.structure = [&](size_t i) { return comparison.looks_at(i); };
  const std::vector<PhotoFacts> facts = examine(listed.paths, options);
  CheckReport report;
  report.photos = static_cast<int64_t>(facts.size());
  for (size_t i = 0; i < facts.size(); ++i) {
    if (facts[i].unreadable.empty())
      find_odd_photo(facts[i], listed.photos[i].path, limits, report);
    else
      report.unreadable.push_back({listed.photos[i].path, facts[i].unreadable});
  }
  report.groups = count_groups(plan.origin.groups);
  report.duplicates = described(exact_duplicates(facts), listed, plan.origin.groups);
  report.near_duplicates = described(near_duplicates(facts), listed, plan.origin.groups);
  report.imbalance = imbalances(dataset);
  report.needed = fewest_measurable();
  report.support = split_support(dataset);
  report.too_few = too_few_to_measure(report.support, plan.origin);
  report.differences = comparison.differences(facts, {plan.seed, plan.examine.workers, plan.features});
  report.notes = dataset.notes;
  return report;
}

std::vector<CheckLine> check_lines(const CheckReport& report) {
  std::vector<CheckLine> lines{
      line_of("unreadable", report.unreadable),
      line_of("damaged, read in part", report.damaged),
      line_of("content contradicts extension", report.wrong_extension),
      line_of("duplicates across splits (leakage)", report.duplicates, &DuplicateGroup::across_splits),
      line_of("near duplicates across splits (leakage)", report.near_duplicates, &DuplicateGroup::across_splits),
      line_of("same photo under two classes", report.duplicates, &DuplicateGroup::across_classes),
      line_of("near-same photo under two classes", report.near_duplicates, &DuplicateGroup::across_classes),
      line_of("duplicates within a split", report.duplicates, nullptr),
      line_of("near duplicates within a split", report.near_duplicates, nullptr),
      line_of("tiny", report.tiny),
      line_of("huge", report.huge),
      line_of("extreme aspect", report.extreme_aspect),
      line_of("blank", report.blank),
      line_of("very dark", report.dark),
      line_of("very bright", report.bright),
      line_of("classes out of balance", report.imbalance),
      line_of("classes too small to measure", report.too_few)};
  if (report.groups > 0) {
    lines.push_back(line_of("same photo in two groups", report.duplicates, &DuplicateGroup::across_groups));
    lines.push_back(line_of("near-same photo in two groups", report.near_duplicates, &DuplicateGroup::across_groups));
  }
  std::vector<std::string> differing;
  for (const SplitDifference& one : report.differences)
    if (!one.warning.empty()) differing.push_back(one.warning);
  if (!report.differences.empty()) lines.push_back(line_of("held-out splits unlike train", differing));
  return lines;
}

}  // namespace cvtool
