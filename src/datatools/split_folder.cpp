#include "datatools/split_folder.h"

#include <spdlog/spdlog.h>
#include <algorithm>
#include <filesystem>
#include <map>

#include "base/error.h"
#include "base/files.h"
#include "base/output.h"
#include "base/random.h"
#include "base/text.h"
#include "data/archive/photo_place.h"
#include "data/copies.h"
#include "data/dataset.h"
#include "data/folders.h"
#include "data/groups.h"
#include "data/hold_out.h"
#include "data/image.h"
#include "data/list/listing.h"
#include "datatools/move_plan.h"
#include "datatools/placing.h"

namespace fs = std::filesystem;

namespace cvtool {
namespace {

std::string place_in(const std::string& target, const MoveStep& step) {
  return target + "/" + step.split + "/" + step.photo;
}

// Puts back what a killed move has moved. Returns the number of files.
int64_t undo_killed_move(const SplitRequest& request) {
  if (!has_move_plan(request.target)) return 0;
  if (request.how != "move")
    throw Error(
        request.target +
        " holds the plan of a move that was cut short (.cvtool-move); repeat it with --move, or use another folder");
  const std::vector<MoveStep> plan = left_move_plan(request.source, request.target);
  std::vector<FileStep> moved;
  for (const MoveStep& planned : plan) {
    const FileStep step{request.source + "/" + planned.photo, place_in(request.target, planned)};
    if (!there(step.from) && there(step.to)) moved.push_back(step);
  }
  take_back(moved, "move", request.target);
  remove_move_plan(request.target);
  return static_cast<int64_t>(moved.size());
}

struct Plan {
  std::vector<FileStep> steps;
  std::vector<MoveStep> moves;  // the same
  SplitResult result;
};

// Compares everything with what is there before anything is touched.
Plan plan_of(const Dataset& dataset, const std::string& target) {
  Plan plan;
  const std::vector<std::string> splits{"train", "valid", "test"};
  for (const auto& split : splits)
    for (const Sample& sample : dataset.split(split)) {
      const FileStep step{sample_path(dataset.root, sample.path), place_in(target, {split, sample.path})};
      for (const auto& other : splits)
        if (other != split && there(target + "/" + other + "/" + sample.path))
          throw DataError(sample.path + " lies in " + target + "/" + other + " already, but belongs to " + split +
                          " with these fractions and this seed; use another folder");
      auto& count = split == "train" ? plan.result.train : split == "valid" ? plan.result.valid : plan.result.test;
      ++count;
      if (!there(step.to)) {
        plan.steps.push_back(step);
        plan.moves.push_back({split, sample.path});
      } else if (same_content(step.from, step.to)) {
        ++plan.result.there;
      } else {
        throw DataError(step.to + " is there with other content; it is not overwritten, use another folder");
      }
    }
  return plan;
}

bool is_placed(const std::string& target, const std::string& path) {
  return there(target + "/train/" + path) || there(target + "/valid/" + path) || there(target + "/test/" + path);
}

// `first` (as joined_groups gives it), but one that was placed by an earlier call leads the others: it stays where it
// is.
std::vector<size_t> placed_first(const std::string& target, const std::vector<Sample>& samples,
                                 std::vector<size_t> first) {
  std::map<size_t, size_t> leaders;  // first of all -> the one that was placed
  for (size_t i = 0; i < samples.size(); ++i)
    if (first[i] != i && is_placed(target, samples[i].path) && !is_placed(target, samples[first[i]].path))
      leaders.emplace(first[i], i);
  for (size_t& leader : first)
    if (const auto found = leaders.find(leader); found != leaders.end()) leader = found->second;
  return first;
}

// The photos of DIR/CLASS/**, one class or more, in their splits.
Dataset split_photos(const std::string& source, const std::string& target, const SplitOptions& options) {
  Listing listing = list_folder(data_folder(source), {});
  DataConfig grouping;
  grouping.group = options.group;
  group_photos(listing, grouping);
  for (const std::string& note : listing.notes) spdlog::warn("{}", printable(note));
  if (listing.layout != "flat")
    throw DataError(source + " is not a folder DIR/CLASS/*.jpg; only such a folder can be split");
  if (options.valid < 0 || options.test < 0 || options.valid + options.test >= 1)
    throw UsageError("--valid and --test: must be 0 or more and below 1 together");
  std::map<std::string, int64_t> labels;
  std::vector<std::string> classes;
  std::vector<Sample> samples;
  for (const auto& photo : listing.photos) {
    const auto [at, added] = labels.emplace(photo.class_name, static_cast<int64_t>(labels.size()));
    if (added) classes.push_back(photo.class_name);
    samples.push_back({photo.path, at->second, stable_hash(photo.path)});
  }
  const GroupsByPath groups = groups_of(listing);
  const std::vector<size_t> first = joined_groups(first_copies(listing.root, samples), samples, groups);
  check_classes_part(samples, first, groups, classes);
  HeldBack parts = hold_out(samples, {options.valid, options.test, static_cast<uint64_t>(options.seed),
                                      placed_first(target, samples, first)});
  Dataset dataset;
  dataset.root = listing.root;
  dataset.train = std::move(parts.rest);
  dataset.valid = std::move(parts.valid);
  dataset.test = std::move(parts.test);
  return dataset;
}

// True when an earlier move has left nothing to do.
bool moved_already(const std::string& source, const std::string& target) {
  return fs::is_directory(source) && !holds_images(source) && fs::is_directory(target) && holds_images(target);
}

}  // namespace

SplitResult split_folder(const SplitRequest& request, const SplitProgress& progress) {
  const auto& [source, target, how, options] = request;
  const std::vector<std::string> ways{"copy", "link", "move"};
  if (std::find(ways.begin(), ways.end(), how) == ways.end()) throw UsageError(unknown_word("way to split", how, ways));
  check_target_folder(source, target);
  const int64_t undone = undo_killed_move(request);
  if (how != "copy" && archive_path(source))
    throw UsageError(source + ": is an archive, of which photos can only be copied; leave out --" + how);
  if (there(source) && !place_of(source).is_folder())
    throw UsageError(source +
                     ": is a file, and only a folder DIR/CLASS/*.jpg can be split; a CSV file says with a column "
                     "'split' which photos are for what");
  if (!place_of(source).is_folder()) throw DataError("there is no folder " + source + "; name a folder of photos");
  if (how == "move" && moved_already(source, target)) {
    SplitResult nothing;
    nothing.undone = undone;
    return nothing;
  }
  const Dataset dataset = split_photos(source, target, options);
  Plan plan = plan_of(dataset, target);
  plan.result.undone = undone;
  make_folders(target);
  if (how == "move") write_move_plan(source, target, plan.moves);
  std::vector<FileStep> done;
  try {
    for (const FileStep& step : plan.steps) {
      place_file(step, how);
      done.push_back(step);
      if (progress) progress(static_cast<int64_t>(done.size()), static_cast<int64_t>(plan.steps.size()));
    }
  } catch (...) {
    take_back(done, how, target);
    remove_move_plan(target);
    throw;
  }
  remove_move_plan(target);
  plan.result.placed = static_cast<int64_t>(done.size());
  return plan.result;
}

}  // namespace cvtool
