// What `data drift` is asked, and `data check` of the same kind.
#pragma once

#include <optional>
#include <string>

#include "spec/requests.h"

namespace cvtool {

// What of the photos is compared.
struct ComparedBy {
  std::string model;  // run or model file, whose features are; empty: `base` decides
  std::string base{
      "none"};  // backbone whose features are; "none": their looks; "auto": one that lies ready, else looks
};

// How two sets are compared.
struct DriftOptions : LookOptions {
  int64_t photos = 500, top = 5;
};
template <class Visitor>
void fields(DriftOptions& c, Visitor&& visit) {
  visit("photos", c.photos,
        Doc("so many photos of each set are compared; of more they are drawn by a hash of their names").range(5, 2000));
  visit("top", c.top, Doc("so many photos of each set are named that are least like the other").range(0, 2000));
  fields(static_cast<LookOptions&>(c), visit);
}

struct DriftRequest {
  std::string before, after;  // folders or archives of photos, or CSV files
  ColumnNames columns;
  ComparedBy by{"", "auto"};
  DriftOptions options;
  std::optional<double> max;  // of DriftResult::auc
};

}  // namespace cvtool
