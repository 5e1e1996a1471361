#include "spec/weight_table.h"

#include <set>

#include "base/error.h"
#include "base/files.h"

namespace cvtool {
namespace {

struct WeightTableFile {
  Json sources = Json::object(), weights = Json::array();
};
template <class Visitor>
void fields(WeightTableFile& c, Visitor&& visit) {
  visit("sources", c.sources, Doc("what the names of sources stand for"));
  visit("weights", c.weights, Doc("the entries, the preferred first"));
}

}  // namespace

WeightTable weight_table() {
  const std::string path = share_folder() + "/models/weights.json";
  const Json json = json_from_file(path);
  WeightTableFile file;
  read_fields(json, path + ": ", file);
  if (!file.weights.is_array()) throw UsageError(path + ": weights: must be a list of objects");
  WeightTable table;
  table.sources = file.sources;
  std::set<std::string> names;
  for (const Json& row : file.weights) {
    const std::string place = path + ": weights[" + std::to_string(table.entries.size()) + "].";
    table.entries.emplace_back();
    read_fields(row, place, table.entries.back());
    if (!names.insert(table.entries.back().name).second)
      throw UsageError(place + "name: '" + table.entries.back().name + "' is taken by an earlier one");
  }
  return table;
}

}  // namespace cvtool
