#include "datatools/move_plan.h"

#include <algorithm>
#include <filesystem>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/files.h"
#include "base/text.h"

namespace fs = std::filesystem;

namespace cvtool {
namespace {

// Fields that are each ended by a zero byte, since names may hold anything else: this line, the source, then split and
// photo of each step.
constexpr const char* kFirstField = "cvtool move 2";

std::string plan_path(const std::string& target) { return target + "/.cvtool-move"; }

[[noreturn]] void refuse(const std::string& target, const std::string& why) {
  throw Error(plan_path(target) + " " + why + "; nothing was moved. See what lies in the two folders, then remove it");
}

std::string whole_path(const std::string& path) {
  std::error_code error;
  return fs::weakly_canonical(path, error).string();
}

// True where the folder of the file at FOLDER/name is below FOLDER when all links are followed.
bool lies_below(const std::string& folder, const std::string& name) {
  const fs::path top = whole_path(folder), place = whole_path(fs::path(folder + "/" + name).parent_path().string());
  return !place.empty() && std::mismatch(top.begin(), top.end(), place.begin(), place.end()).first == top.end();
}

}  // namespace

void write_move_plan(const std::string& source, const std::string& target, const std::vector<MoveStep>& steps) {
  std::string plan = std::string(kFirstField) + '\0' + whole_path(source) + '\0';
  for (const MoveStep& step : steps) plan += step.split + '\0' + step.photo + '\0';
  AtomicFile file(plan_path(target), FileKind::kOwn);
  file.write(plan);
  file.keep();
}

bool has_move_plan(const std::string& target) {
  std::error_code error;
  return fs::exists(fs::symlink_status(plan_path(target), error));
}

std::vector<MoveStep> left_move_plan(const std::string& source, const std::string& target) {
  std::error_code error;
  if (!fs::is_regular_file(fs::symlink_status(plan_path(target), error))) refuse(target, "is no plan of cvtool");
  auto fields = split(read_file(plan_path(target)), '\0');
  if (fields.size() < 3 || fields.size() % 2 == 0 || fields[0] != kFirstField || !fields.back().empty())
    refuse(target, "is not a plan of a move as this cvtool writes it");
  if (fields[1] != whole_path(source))
    refuse(target, "is the plan of a move from " + fields[1] +
                       " that was cut short; put it back first with cvtool data "
                       "split " +
                       shell_word(fields[1]) + " " + shell_word(target) + " --move, not from " + source);
  std::vector<MoveStep> steps;
  for (size_t i = 2; i + 1 < fields.size(); i += 2) {
    const MoveStep step{fields[i], fields[i + 1]};
    const bool known = step.split == "train" || step.split == "valid" || step.split == "test";
    if (!known || !stays_inside(step.photo) || !lies_below(source, step.photo) ||
        !lies_below(target, step.split + "/" + step.photo))
      refuse(target, "names '" + step.split + "/" + step.photo + "', which leads out of the folders");
    steps.push_back(step);
  }
  return steps;
}

void remove_move_plan(const std::string& target) {
  std::error_code error;
  fs::remove(plan_path(target), error);
}

}  // namespace cvtool
