#include "report/history.h"

#include <cmath>
#include <cstdlib>
#include <limits>

#include "base/error.h"
#include "base/text.h"

namespace cvtool {
namespace {

double number_of(const std::string& cell, size_t line) {
  if (cell.empty()) return std::numeric_limits<double>::quiet_NaN();
  char* end = nullptr;
  const double value = std::strtod(cell.c_str(), &end);
  if (end != cell.c_str() + cell.size()) {
    throw DataError("line " + std::to_string(line) + " of the history: '" + cell + "' is not a number");
  }
  return value;
}

}  // namespace

const HistoryColumn* History::find(const std::string& name) const {
  for (const auto& column : columns) {
    if (column.name == name) return &column;
  }
  return nullptr;
}

History history_from_csv(const std::string& text) {
  std::vector<std::vector<std::string>> rows;
  for (auto& line : split(text, '\n')) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (!line.empty()) rows.push_back(split(line, ','));
  }
  if (rows.empty()) throw DataError("the history is empty: no epoch has ended yet");
  History history;
  for (size_t c = 0; c < rows[0].size(); ++c) {
    std::vector<double> values;
    for (size_t r = 1; r < rows.size(); ++r) {
      if (rows[r].size() != rows[0].size()) {
        throw DataError("line " + std::to_string(r + 1) + " of the history has " +
                        counted(static_cast<int64_t>(rows[r].size()), "cell") + ", its header " +
                        std::to_string(rows[0].size()));
      }
      values.push_back(number_of(rows[r][c], r + 1));
    }
    if (rows[0][c] == "epoch")
      history.epochs = values;
    else
      history.columns.push_back({rows[0][c], values});
  }
  if (history.epochs.size() + 1 != rows.size()) throw DataError("the history has no column 'epoch'");
  return history;
}

}  // namespace cvtool
