#include "data/list/list_table.h"

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "data/archive/photo_place.h"
#include "data/image.h"
#include "data/list/json_lines.h"

namespace cvtool {
namespace {

std::string text_of_list(const std::string& file) {
  if (!archive_path(file)) return read_file(file);
  try {
    return read_photo_file(file);
  } catch (const DataError& error) {
    throw DataError(file + ": " + error.what());
  }
}

}  // namespace

ListTable read_list(const std::string& file) {
  const std::string text = text_of_list(file);
  if (starts_with(text, "\xff\xfe") || starts_with(text, "\xfe\xff"))
    throw DataError(file + ": is written in UTF-16; save it as UTF-8");
  if (is_json_lines(file)) return {json_line_records(text, file), true};
  ListTable table{csv_records(text, file, {csv_separator(text), true})};
  if (table.records.empty()) throw DataError(file + " is empty; write lines path,label[,split]");
  return table;
}

}  // namespace cvtool
