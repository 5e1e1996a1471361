#include "datatools/fix_list.h"

#include <algorithm>
#include <filesystem>
#include <map>

#include "base/csv.h"
#include "base/error.h"
#include "base/files.h"
#include "base/name_list.h"
#include "base/output.h"
#include "base/text.h"
#include "base/utf8.h"

namespace fs = std::filesystem;

namespace cvtool {
namespace {

constexpr const char* kMovedFrom = "moved_from";
constexpr const char* kMovedTo = "moved_to";
const std::vector<std::string> kActions{"keep", "relabel", "drop"};

size_t fix_column(const CsvRecord& names, const std::string& name) {
  const auto at = std::find(names.fields.begin(), names.fields.end(), name);
  return static_cast<size_t>(at - names.fields.begin());
}

std::string fix_field(const CsvRecord& record, size_t column) {
  return column < record.fields.size() ? record.fields[column] : "";
}

// True where the folder of FOLDER/name lies below FOLDER when all links are followed.
bool leads_inside(const std::string& folder, const std::string& name) {
  if (!stays_inside(name)) return false;
  std::error_code error;
  const fs::path top = fs::weakly_canonical(folder, error),
                 place = fs::weakly_canonical(fs::path(folder + "/" + name).parent_path(), error);
  return !place.empty() && std::mismatch(top.begin(), top.end(), place.begin(), place.end()).first == top.end();
}

}  // namespace

std::vector<LabelFix> read_fixes(const std::string& file) {
  const std::string text = read_file(file);
  const std::vector<CsvRecord> records = csv_records(text, file, {csv_separator(text)});
  if (records.empty()) throw DataError(file + ": is empty; save it on the page of cvtool data audit");
  const size_t path = fix_column(records[0], "path"), action = fix_column(records[0], "action"),
               given = fix_column(records[0], "given"), label = fix_column(records[0], "label"),
               columns = records[0].fields.size();
  if (path == columns || action == columns)
    throw DataError(file +
                    ": its first line must name the columns path and action (and given, label), as the file "
                    "has it that the page of cvtool data audit saves");
  std::vector<LabelFix> fixes;
  std::map<std::string, size_t> lines;
  for (size_t i = 1; i < records.size(); ++i) {
    const CsvRecord& record = records[i];
    const std::string where = file + ", line " + std::to_string(record.line) + ": ";
    LabelFix fix{fix_field(record, path), fix_field(record, given), fix_field(record, action), fix_field(record, label),
                 record.line};
    if (fix.path.empty()) throw DataError(where + "the path is empty; write path,given,action,label");
    if (std::find(kActions.begin(), kActions.end(), fix.action) == kActions.end())
      throw DataError(where + unknown_word("action", fix.action, kActions));
    if (fix.action == "relabel" && fix.label.empty())
      throw DataError(where + "relabel needs a class in the column label");
    const auto [at, added] = lines.emplace(fix.path, record.line);
    if (!added)
      throw DataError(where + printable(fix.path) + " stands in line " + std::to_string(at->second) +
                      " already; keep one of them");
    fixes.push_back(std::move(fix));
  }
  return fixes;
}

std::string moves_text(const std::vector<FileStep>& moves) {
  std::string text = std::string(kMovedFrom) + "," + kMovedTo + "\n";
  for (const FileStep& move : moves) text += csv_cell(move.from) + "," + csv_cell(move.to) + "\n";
  return text;
}

std::vector<FileStep> read_moves(const std::string& file, const std::string& folder) {
  const std::vector<CsvRecord> records = csv_records(read_file(file), file);
  if (records.empty() || records[0].fields != std::vector<std::string>{kMovedFrom, kMovedTo})
    throw DataError(file + ": is no undo file of cvtool data fix; its first line would be " + kMovedFrom + "," +
                    kMovedTo);
  std::vector<FileStep> moves;
  for (size_t i = 1; i < records.size(); ++i) {
    const FileStep move{fix_field(records[i], 0), fix_field(records[i], 1)};
    for (const std::string& name : {move.from, move.to})
      if (!leads_inside(folder, name))
        throw Error(file + ", line " + std::to_string(records[i].line) + ": '" + printable(name) + "' leads out of " +
                    folder + "; nothing was moved");
    moves.push_back(move);
  }
  return moves;
}

std::string undo_file_of(const std::string& fixes) {
  const fs::path path = fixes;
  return (path.parent_path() / (path.stem().string() + "-undo.csv")).string();
}

}  // namespace cvtool
