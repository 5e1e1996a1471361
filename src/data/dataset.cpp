#include "data/dataset.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "base/output.h"
#include "base/random.h"
#include "base/text.h"
#include "base/utf8.h"
#include "data/archive/photo_place.h"
#include "data/copies.h"
#include "data/data_origin.h"
#include "data/decode/image_format.h"
#include "data/folders.h"
#include "data/folds.h"
#include "data/groups.h"
#include "data/hold_out.h"
#include "data/list/listing.h"
#include "data/pixel_cache.h"

namespace cvtool {
namespace {

std::string percent(double fraction) {
  const std::string text = fixed(100 * fraction, 1);
  return (ends_with(text, ".0") ? text.substr(0, text.size() - 2) : text) + " %";
}

// split -> class -> number of photos
using Counts = std::map<std::string, std::map<std::string, int64_t>>;

Counts counts_of(const Listing& listing) {
  Counts counts;
  for (const auto& photo : listing.photos) ++counts[photo.split][photo.class_name];
  return counts;
}

// The classes of the split that is trained on; of all splits where there is none.
std::vector<std::string> found_classes(const Counts& counts) {
  std::set<std::string> names;
  const bool trained = counts.count("train") != 0;
  for (const auto& [split, classes] : counts)
    if (!trained || split == "train")
      for (const auto& [name, count] : classes) names.insert(name);
  return {names.begin(), names.end()};
}

std::vector<std::string> chosen_classes(const Listing& listing, const Counts& counts, const DataConfig& config) {
  std::set<std::string> all, wanted;
  for (const auto& photo : listing.photos) all.insert(photo.class_name);
  for (const auto& name : config.classes)
    if (!wanted.insert(nfc(name)).second)
      throw UsageError("classes: " + quoted_list(config.classes) + " repeats a name");
  if (wanted.empty()) return found_classes(counts);
  std::vector<std::string> spare;
  for (const auto& name : all)
    if (!wanted.count(name)) spare.push_back(name);
  for (const auto& name : config.classes)
    if (!all.count(nfc(name)) && !spare.empty()) throw UsageError("classes: " + unknown_word("class", name, spare));
  return config.classes;
}

// Classes that differ in nothing but their case are often one.
void note_cases(Dataset& dataset) {
  std::map<std::string, std::string> seen;
  for (const auto& name : dataset.classes) {
    const auto [at, added] = seen.emplace(lower(name), name);
    if (!added)
      dataset.notes.push_back("the classes '" + at->second + "' and '" + name +
                              "' differ in nothing but capitals; they are two classes");
  }
}

// Says what of `counts` has no place in `classes`, and which classes a split lacks.
void note_differences(Dataset& dataset, const Counts& counts) {
  const auto& classes = dataset.classes;
  for (const auto& [split, present] : counts) {
    const std::string place = split.empty() ? "the data" : "the " + split + " split";
    for (const auto& [name, count] : present)
      if (!place_of_name(classes, name))
        dataset.notes.push_back("class '" + name + "' of " + place +
                                " is not among the classes: " + counted(count, "photo") + " not used");
    for (const auto& name : classes)
      if (!present.count(nfc(name))) dataset.notes.push_back("class '" + name + "' has no photos in " + place);
  }
}

void place_samples(Dataset& dataset, const Listing& listing) {
  std::map<std::string, int64_t> labels;
  for (const auto& name : dataset.classes) labels.emplace(nfc(name), static_cast<int64_t>(labels.size()));
  for (const auto& photo : listing.photos) {
    const auto label = labels.find(photo.class_name);
    if (label == labels.end()) continue;
    auto& target = photo.split == "valid" ? dataset.valid : photo.split == "test" ? dataset.test : dataset.train;
    target.push_back({photo.path, label->second, stable_hash(photo.path)});
  }
  const auto by_path = [](const Sample& a, const Sample& b) { return a.path < b.path; };
  for (auto* samples : {&dataset.train, &dataset.valid, &dataset.test})
    std::sort(samples->begin(), samples->end(), by_path);
}

// By which a set's photos are held back, and with whom copies among them are looked for.
struct SplitDraw {
  uint64_t seed;
  const SharedReading& shared;
  GroupsByPath groups{};
};

// For each sample the first that it must stay with: a copy, or one of its group.
std::vector<size_t> kept_together(Dataset& dataset, const std::vector<Sample>& samples, const SplitDraw& draw) {
  std::vector<size_t> first = first_copies(dataset.root, samples, draw.shared);
  int64_t copies = 0;
  for (size_t i = 0; i < samples.size(); ++i) copies += first[i] != i;
  if (copies > 0)
    dataset.notes.push_back(counted(copies, "photo") + (copies == 1 ? " is an exact copy" : " are exact copies") +
                            " of others; copies stay on one side of the split");
  if (draw.groups.empty()) return first;
  first = joined_groups(first, samples, draw.groups);
  check_classes_part(samples, first, draw.groups, dataset.classes);
  return first;
}

HeldBack held_out(Dataset& dataset, const std::vector<Sample>& samples, HoldOutPlan plan, const SplitDraw& draw) {
  plan.seed = draw.seed;
  plan.first = kept_together(dataset, samples, draw);
  return hold_out(samples, plan);
}

// The notes as the end of an error: they may say where the photos went.
std::string notes_text(const Dataset& dataset) {
  return dataset.notes.empty() ? "" : " (" + join(dataset.notes, "; ") + ")";
}

// Holds back what the data does not split itself.
void complete_splits(Dataset& dataset, const DataConfig& config, const SplitDraw& draw, DataOrigin& origin) {
  if (config.valid + config.test + config.calibration >= 1)
    throw UsageError(std::string(config.calibration > 0 ? "valid + test + calibration" : "valid + test") +
                     ": must be below 1, so that photos remain to train on");
  const bool no_valid = dataset.valid.empty() && !dataset.train.empty() && config.valid > 0;
  const bool no_test = dataset.test.empty() && config.test > 0;
  const bool test_of_valid = no_test && !dataset.valid.empty();
  if (no_valid) origin.valid_fraction = config.valid;
  if (no_test) origin.test_fraction = config.test;
  HoldOutPlan plan{no_valid ? config.valid : 0, no_test && !test_of_valid ? config.test : 0};
  plan.calibration = config.calibration;
  if (plan.valid + plan.test + plan.calibration > 0) {
    HeldBack parts = held_out(dataset, dataset.train, plan, draw);
    dataset.train = std::move(parts.rest);
    dataset.calibration = std::move(parts.calibration);
    if (no_valid) dataset.valid = std::move(parts.valid);
    if (plan.test > 0) dataset.test = std::move(parts.test);
  }
  if (no_valid && dataset.valid.empty())
    dataset.notes.push_back("no photo could be held out for validation: each class has one photo, or copies of one");
  else if (no_valid && dataset.names_splits)
    dataset.notes.push_back("there is no validation split: " + percent(config.valid) + " of train is held out for it");
  if (test_of_valid) {
    HeldBack parts = held_out(dataset, dataset.valid, {0, config.test}, draw);
    dataset.valid = std::move(parts.rest);
    dataset.test = std::move(parts.test);
  }
  if (no_test && !no_valid)
    dataset.notes.push_back("there is no test split: " + percent(config.test) + " of " +
                            (test_of_valid ? "valid" : "train") + " is held out for it");
}

void check_folds(const DataConfig& config) {
  if (config.folds == 1) throw UsageError("--folds 1 leaves no photos to train on; ask for 2 or more");
  if (config.fold > config.folds)
    throw UsageError("--fold " + std::to_string(config.fold) +
                     (config.folds == 0 ? ": say of how many folds, with --folds K"
                                        : " of " + std::to_string(config.folds) + " folds; name one from 1 to " +
                                              std::to_string(config.folds)));
}

// What is not for testing becomes one fold to validate on and the others to train on.
void deal_into_folds(Dataset& dataset, const DataConfig& config, const SplitDraw& draw, DataOrigin& origin) {
  if (!dataset.valid.empty())
    dataset.notes.push_back("the data's own validation photos are dealt into the folds with the training photos");
  DataConfig others = config;
  others.valid = 0;
  complete_splits(dataset, others, draw, origin);
  std::vector<Sample> samples = std::move(dataset.train);
  samples.insert(samples.end(), dataset.valid.begin(), dataset.valid.end());
  std::sort(samples.begin(), samples.end(), [](const Sample& a, const Sample& b) { return a.path < b.path; });
  const std::vector<int64_t> folds =
      deal_folds(samples, {config.folds, draw.seed, kept_together(dataset, samples, draw), dataset.classes});
  dataset.train.clear();
  dataset.valid.clear();
  for (size_t i = 0; i < samples.size(); ++i)
    (folds[i] + 1 == config.fold ? dataset.valid : dataset.train).push_back(samples[i]);
}

// Where one class was found that is a whole set itself: what to name instead.
std::string inner_set_hint(const std::string& path, const Listing& listing) {
  if (listing.layout != "flat" || listing.photos.empty()) return "";
  const std::string inner = path + (path.back() == '/' ? "" : "/") + listing.photos[0].path;
  const std::string folder = inner.substr(0, inner.find('/', path.size() + (path.back() == '/' ? 0 : 1)));
  if (!place_of(folder).is_folder()) return "";
  return folders_with_photos(folder).size() > 1 ? "; it holds folders itself: is " + folder + " what you mean?" : "";
}

bool have_same(const Listing& listing, const SharedReading& shared) {
  std::string list = listing.layout;
  for (const ListedPhoto& photo : listing.photos)
    list += '\n' + photo.path + '\n' + photo.split + '\n' + photo.class_name + '\n' + photo.group;
  const std::vector<std::string> digests = shared.gather(hex_text(content_hash(list)));
  return std::all_of(digests.begin(), digests.end(), [&](const std::string& one) { return one == digests[0]; });
}

// What is known of a listing before its photos are placed.
Dataset described(Listing& listing) {
  Dataset dataset;
  dataset.root = listing.root;
  dataset.layout = listing.layout;
  dataset.names_splits = std::any_of(listing.photos.begin(), listing.photos.end(),
                                     [](const ListedPhoto& photo) { return !photo.split.empty(); });
  dataset.notes = std::move(listing.notes);
  return dataset;
}

void check_class_names(const Dataset& dataset, const std::string& path) {
  for (const auto& name : dataset.classes)
    if (!is_utf8(name))
      throw DataError(path + ": the class '" + printable(name) + "' has a name that is not UTF-8; rename it");
}

}  // namespace

const std::vector<Sample>& Dataset::split(const std::string& name) const {
  if (name == "train") return train;
  if (name == "valid") return valid;
  if (name == "test") return test;
  if (name == "calibration") return calibration;
  throw UsageError(unknown_word("split", name, {"train", "valid", "test", "calibration", "all"}));
}

std::vector<int64_t> counts_by_label(const std::vector<Sample>& samples, size_t classes) {
  std::vector<int64_t> counts(classes);
  for (const Sample& sample : samples) ++counts.at(static_cast<size_t>(sample.label));
  return counts;
}

std::vector<Sample> Dataset::all() const {
  std::vector<Sample> samples = train;
  samples.insert(samples.end(), valid.begin(), valid.end());
  samples.insert(samples.end(), test.begin(), test.end());
  samples.insert(samples.end(), calibration.begin(), calibration.end());
  std::sort(samples.begin(), samples.end(), [](const Sample& a, const Sample& b) { return a.path < b.path; });
  return samples;
}

namespace {

// What was found at a path.
struct FoundData {
  const std::string& path;
  Listing listing;
};

// A set to train on.
Dataset training_set(FoundData found, const DataConfig& config, SplitDraw draw, DataOrigin& origin) {
  const std::string& path = found.path;
  Listing& listing = found.listing;
  const Counts counts = counts_of(listing);
  Dataset dataset = described(listing);
  origin.groups = draw.groups = groups_of(listing);
  if (const std::string torn = torn_groups_text(listing); !torn.empty()) dataset.notes.push_back(torn);
  dataset.classes = chosen_classes(listing, counts, config);
  check_class_names(dataset, path);
  if (dataset.classes.size() < 2)
    throw DataError(path + " holds one class only" +
                    (dataset.classes.empty() ? std::string() : ", '" + dataset.classes[0] + "'") +
                    "; a classifier needs at least two" + inner_set_hint(path, listing) + notes_text(dataset));
  note_cases(dataset);
  note_differences(dataset, counts);
  place_samples(dataset, listing);
  if (dataset.train.empty() && dataset.valid.empty() && dataset.test.empty())
    throw DataError(path + " holds no photo of the classes " + quoted_list(dataset.classes));
  check_folds(config);
  if (config.fold > 0)
    deal_into_folds(dataset, config, draw, origin);
  else
    complete_splits(dataset, config, draw, origin);
  return dataset;
}

}  // namespace

Dataset find_dataset(const std::string& path, const DataConfig& config, uint64_t seed, const SharedReading& shared) {
  Listing listing = list_data(path, config);
  group_photos(listing, config);
  // Whoever compares what was found says in what it differs; until then each goes on alone.
  const bool together = shared.shared() && have_same(listing, shared);
  DataOrigin origin;
  return training_set({path, std::move(listing)}, config, {seed, together ? shared : SharedReading()}, origin);
}

namespace {

// Photos that nothing says a class of.
bool are_loose_photos(const std::string& folder, const DataConfig& config) {
  std::vector<std::string> notes;
  return !images_in(folder).empty() && folders_with_photos(folder).empty() && !list_metadata(folder, config, notes) &&
         !list_labels(folder, config);
}

}  // namespace

Dataset find_photos(const std::string& path, const DataConfig& config, uint64_t seed) {
  DataOrigin origin;
  return find_photos(path, config, seed, origin);
}

Dataset find_photos(const std::string& path, const DataConfig& config, uint64_t seed, DataOrigin& origin) {
  Listing listing;
  const bool loose =
      place_of(path).is_folder() && config.classes.empty() && are_loose_photos(data_folder(path), config);
  if (loose) {
    PassedOver passed;
    listing.root = data_folder(path);
    listing.layout = "photos";
    for (const std::string& image : images_below(listing.root, &passed)) listing.photos.push_back({image, "", ""});
    listing.notes = notes_of(passed, path);
    listing.notes.insert(listing.notes.begin(),
                         path + ": there are no class folders; the photos are looked at as one class");
  } else {
    listing = list_data(path, config);
  }
  const Counts counts = counts_of(listing);
  const std::vector<std::string> classes = chosen_classes(listing, counts, config);
  if (!loose && classes.size() > 1) return training_set({path, std::move(listing)}, config, {seed, {}}, origin);
  origin.groups = groups_of(listing);
  Dataset dataset = described(listing);
  dataset.classes = classes;
  check_class_names(dataset, path);
  if (!loose && dataset.classes.size() == 1)
    dataset.notes.push_back("one class only, '" + dataset.classes[0] + "': it cannot be trained on");
  place_samples(dataset, listing);
  return dataset;
}

void log_notes(const Dataset& dataset) {
  for (const std::string& note : dataset.notes) spdlog::warn("{}", printable(note));
}

std::vector<std::string> find_images(const std::string& path) {
  const PhotoPlace place = place_of(path);
  if (path.empty() || place.kind == PhotoPlace::Kind::kNothing)
    throw DataError("there is no " + (path.empty() ? "file ''" : path));
  if (!place.is_folder()) return {path};
  PassedOver passed;
  std::vector<std::string> images = images_below(path, &passed);
  for (const std::string& note : notes_of(passed, path)) spdlog::warn("{}", printable(note));
  if (images.empty())
    throw DataError(path + " holds no image (" + readable_formats() +
                    ", such as a .jpg file); name a photo or a folder of photos");
  const std::string prefix = path.back() == '/' ? path : path + "/";
  for (auto& image : images) image = prefix + image;
  return images;
}

std::string sample_path(const std::string& root, const std::string& path) {
  return root.empty() || starts_with(path, "/") ? path : root + "/" + path;
}

}  // namespace cvtool
