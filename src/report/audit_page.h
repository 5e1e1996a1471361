// The page on which people decide about labels that look wrong: one file, nothing loaded, driven by keys.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "spec/audit.h"

namespace cvtool {

struct AuditNeighbour {
  std::string path, given;
};

// A photo about which there is something to decide.
struct AuditItem {
  std::string kind;  // "label", "duplicate" or "outlier"
  std::string path, given;
  std::string suggested;  // "": no class
  std::string why;        // for people
  std::vector<AuditNeighbour> neighbours;
};

struct AuditPage {
  std::string title, data;
  std::vector<std::string> classes;
  int64_t photos = 0, found = 0;  // audited, and labels that look wrong
  double noise = 0, accuracy = 0;
  std::vector<ClassPair> overlaps;
  std::vector<AuditItem> items;                 // in the order in which they are shown
  std::map<std::string, std::string> pictures;  // path -> bytes of a JPEG; "" where a photo cannot be read
};

// HTML. What is decided on it is saved as path,given,action,label: what `cvtool data fix` reads. All text is escaped.
std::string audit_page(const AuditPage& page);

}  // namespace cvtool
