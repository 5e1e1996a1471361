#include "datatools/fix_labels.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "base/name_list.h"
#include "base/output.h"
#include "base/text.h"
#include "base/utf8.h"
#include "data/archive/photo_place.h"
#include "data/folders.h"
#include "data/list/listing.h"
#include "datatools/fix_list.h"

namespace fs = std::filesystem;

namespace cvtool {
namespace {

constexpr const char* kDropped = ".cvtool-dropped/";

// A folder of classes as it lies there.
class FixedFolder {
 public:
  explicit FixedFolder(const std::string& folder) : listing_(list_folder(folder, {})) {
    if (listing_.layout != "flat" && listing_.layout != "folders")
      throw DataError(folder + " is no folder of classes; only DIR/CLASS/*.jpg and DIR/SPLIT/CLASS/*.jpg can be fixed");
    for (const ListedPhoto& photo : listing_.photos) {
      photos_.emplace(photo.path, &photo);
      const std::string name = split(photo.path, '/').at(depth());
      folders_.emplace(photo.class_name, name);
    }
  }

  const Listing& listing() const { return listing_; }

  const ListedPhoto* find(const std::string& path) const {
    const auto at = photos_.find(path);
    return at == photos_.end() ? nullptr : at->second;
  }

  std::vector<std::string> classes() const {
    std::vector<std::string> names;
    for (const auto& [name, folder] : folders_) names.push_back(name);
    return names;
  }

  // Where a photo of the folder goes that is of class `label`, which is known.
  std::string place_as(const ListedPhoto& photo, const std::string& label) {
    std::vector<std::string> parts = split(photo.path, '/');
    parts.at(depth()) = folders_.at(label);
    return free_place(join(parts, "/"), "_from_" + folders_.at(photo.class_name));
  }

  // Where it lies once it is dropped.
  std::string place_dropped(const ListedPhoto& photo) { return free_place(kDropped + photo.path, ""); }

 private:
  size_t depth() const { return listing_.layout == "folders" ? 1 : 0; }

  std::string free_place(const std::string& path, const std::string& mark) {
    const std::string extension = fs::path(path).extension().string(),
                      stem = path.substr(0, path.size() - extension.size());
    std::string place = path;
    for (int number = 1; there(listing_.root + "/" + place) || !taken_.insert(place).second; ++number)
      place = stem + mark + (number > 1 || mark.empty() ? "_" + std::to_string(number) : "") + extension;
    return place;
  }

  Listing listing_;
  std::map<std::string, const ListedPhoto*> photos_;
  std::map<std::string, std::string> folders_;  // class -> the name of its folder
  std::set<std::string> taken_;                 // places that are given away
};

struct FixPlan {
  std::vector<FileStep> moves;  // relative to the folder; a photo that is dropped leaves the classes
  FixResult result;
};

// Checks all fixes before anything is touched.
FixPlan plan_fixes(const FixRequest& request, const std::vector<LabelFix>& fixes, FixedFolder& folder) {
  FixPlan plan;
  const std::vector<std::string> classes = folder.classes();
  for (const LabelFix& fix : fixes) {
    const std::string where = request.fixes + ", line " + std::to_string(fix.line) + ": ";
    const ListedPhoto* photo = folder.find(fix.path);
    if (!photo)
      throw DataError(where + "there is no photo " + printable(fix.path) + " in " + request.data +
                      "; fixes are for the folder that was audited");
    if (!fix.given.empty() && nfc(fix.given) != photo->class_name)
      throw DataError(where + printable(fix.path) + " was given as '" + printable(fix.given) + "' and lies in '" +
                      printable(photo->class_name) + "' now; audit the photos anew");
    const std::string label = nfc(fix.label);
    if (fix.action == "relabel" && std::find(classes.begin(), classes.end(), label) == classes.end())
      throw DataError(where + unknown_word("class", fix.label, classes));
    if (fix.action == "drop") {
      plan.moves.push_back({photo->path, folder.place_dropped(*photo)});
      ++plan.result.dropped;
    } else if (fix.action == "relabel" && label != photo->class_name) {
      plan.moves.push_back({photo->path, folder.place_as(*photo, label)});
      ++plan.result.relabelled;
    } else {
      ++plan.result.kept;
    }
  }
  return plan;
}

FileStep in_folder(const std::string& folder, const FileStep& step) {
  return {folder + "/" + step.from, folder + "/" + step.to};
}

// Does all or nothing.
void place_all(const std::vector<FileStep>& steps, const char* how, const std::string& top,
               const FixProgress& progress) {
  std::vector<FileStep> done;
  try {
    for (const FileStep& step : steps) {
      place_file(step, how);
      done.push_back(step);
      if (progress) progress(static_cast<int64_t>(done.size()), static_cast<int64_t>(steps.size()));
    }
  } catch (...) {
    take_back(done, how, top);
    throw;
  }
}

// The steps that are still to be done; `result.there` counts the others.
std::vector<FileStep> open_moves(const std::vector<FileStep>& moves, const std::string& folder, FixResult& result) {
  std::vector<FileStep> open;
  for (const FileStep& move : moves) {
    const FileStep step = in_folder(folder, move);
    const bool from = there(step.from), to = there(step.to);
    if (from && to) throw Error(step.to + " is there beside " + step.from + "; nothing was overwritten or moved");
    if (!from && !to) throw Error("neither " + step.from + " nor " + step.to + " is there; nothing was moved");
    if (from)
      open.push_back(step);
    else
      ++result.there;
  }
  return open;
}

// A folder that was made with another list would hold a photo in two classes.
void check_made_by(const FixRequest& request, const std::set<std::string>& places) {
  if (!there(request.into)) return;
  for (const std::string& path : images_below(request.into))
    if (places.count(path) == 0)
      throw DataError(request.into + " holds " + printable(path) +
                      ", which these fixes do not put there; use another folder");
}

FixResult fix_copy(const FixRequest& request, const FixProgress& progress) {
  check_target_folder(request.data, request.into);
  FixedFolder folder(request.data);
  FixPlan plan = plan_fixes(request, read_fixes(request.fixes), folder);
  std::map<std::string, std::string> moved;
  for (const FileStep& move : plan.moves) moved.emplace(move.from, move.to);
  std::vector<FileStep> steps;
  std::set<std::string> places;
  for (const ListedPhoto& photo : folder.listing().photos) {
    const auto at = moved.find(photo.path);
    const std::string place = at == moved.end() ? photo.path : at->second;
    if (starts_with(place, kDropped)) continue;
    places.insert(place);
    const FileStep step{request.data + "/" + photo.path, request.into + "/" + place};
    if (!there(step.to))
      steps.push_back(step);
    else if (same_content(step.from, step.to))
      ++plan.result.there;
    else
      throw DataError(step.to + " is there with other content; it is not overwritten, use another folder");
  }
  check_made_by(request, places);
  make_folders(request.into);
  place_all(steps, "copy", request.into, progress);
  plan.result.placed = static_cast<int64_t>(steps.size());
  return plan.result;
}

// True where the undo file is that of these fixes: of a call that was killed, or that is done.
bool are_moves_of(const std::vector<FileStep>& moves, const std::vector<LabelFix>& fixes) {
  std::set<std::string> wanted, moved;
  for (const LabelFix& fix : fixes)
    if (fix.action != "keep") wanted.insert(fix.path);
  for (const FileStep& move : moves) moved.insert(move.from);
  return std::includes(wanted.begin(), wanted.end(), moved.begin(), moved.end()) && !moved.empty();
}

FixResult go_on(const FixRequest& request, const std::string& undo, const std::vector<LabelFix>& fixes,
                const FixProgress& progress) {
  const std::vector<FileStep> moves = read_moves(undo, request.data);
  if (!are_moves_of(moves, fixes))
    throw DataError(undo + " is there, of other fixes; give it another name, so that they can still be undone");
  FixResult result;
  result.undo = undo;
  for (const FileStep& move : moves) ++(starts_with(move.to, kDropped) ? result.dropped : result.relabelled);
  result.kept = static_cast<int64_t>(fixes.size() - moves.size());
  const std::vector<FileStep> open = open_moves(moves, request.data, result);
  place_all(open, "move", request.data, progress);
  return result;
}

FixResult fix_in_place(const FixRequest& request, const FixProgress& progress) {
  const std::vector<LabelFix> fixes = read_fixes(request.fixes);
  const std::string undo = undo_file_of(request.fixes);
  if (there(undo)) return go_on(request, undo, fixes, progress);
  FixedFolder folder(request.data);
  FixPlan plan = plan_fixes(request, fixes, folder);
  if (plan.moves.empty()) return plan.result;
  std::vector<FileStep> steps;
  for (const FileStep& move : plan.moves) steps.push_back(in_folder(request.data, move));
  write_file_atomically(undo, moves_text(plan.moves));
  try {
    place_all(steps, "move", request.data, progress);
  } catch (...) {
    std::error_code error;
    const auto back = [](const FileStep& step) { return there(step.from) && !there(step.to); };
    if (std::all_of(steps.begin(), steps.end(), back)) fs::remove(undo, error);
    throw;
  }
  plan.result.undo = undo;
  return plan.result;
}

FixResult undo_fix(const FixRequest& request, const FixProgress& progress) {
  std::vector<FileStep> back;
  for (const FileStep& move : read_moves(request.fixes, request.data)) back.push_back({move.to, move.from});
  FixResult result;
  const std::vector<FileStep> open = open_moves(back, request.data, result);
  place_all(open, "move", request.data, progress);
  for (const FileStep& step : open) remove_empty_folders(fs::path(step.from).parent_path().string(), request.data);
  result.placed = static_cast<int64_t>(open.size());
  return result;
}

}  // namespace

FixResult fix_labels(const FixRequest& request, const FixProgress& progress) {
  if (archive_path(request.data)) throw UsageError(request.data + ": is an archive; unpack it, and fix the folder");
  if (place_of(request.data).is_file())
    throw UsageError(request.data +
                     ": is a file, and only a folder of classes can be fixed; change the labels in the list "
                     "itself, by the paths of " +
                     request.fixes);
  if (!place_of(request.data).is_folder())
    throw DataError("there is no folder " + request.data + "; name the folder of photos that was audited");
  if (!there(request.fixes))
    throw DataError("there is no file " + request.fixes + "; save it on the page of cvtool data audit");
  if (request.undo) return undo_fix(request, progress);
  return request.into.empty() ? fix_in_place(request, progress) : fix_copy(request, progress);
}

}  // namespace cvtool
