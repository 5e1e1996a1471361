// What `cvtool data drift` finds. `fields` of each gives the keys of --json.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/fields.h"

namespace cvtool {

// A set of the two.
struct ComparedSet {
  std::string data;
  int64_t photos = 0;      // there are
  int64_t repeated = 0;    // byte for byte another one of the set, and left out
  int64_t shared = 0;      // of the second set: byte for byte one of the first, and left out
  int64_t unreadable = 0;  // of those drawn from the rest
  int64_t compared = 0;    // that were drawn and could be read
};
inline void fields(const ComparedSet& s, JsonWriter& visit) {
  visit("data", s.data), visit("photos", s.photos), visit("repeated", s.repeated), visit("shared", s.shared),
      visit("unreadable", s.unreadable), visit("compared", s.compared);
}

// How one look of the photos has moved.
struct MovedLook {
  std::string look;              // "brightness"
  double before = 0, after = 0;  // medians
  double auc = 0.5;              // how probably a photo of the second set has more of it than one of the first
};
inline void fields(const MovedLook& m, JsonWriter& visit) {
  visit("look", m.look), visit("a", m.before), visit("b", m.after), visit("auc", m.auc);
}

struct ClassCount {
  std::string name;
  int64_t before = 0, after = 0;  // photos
};
inline void fields(const ClassCount& c, JsonWriter& visit) {
  visit("class", c.name), visit("a", c.before), visit("b", c.after);
}

// Of all photos but copies, not of those drawn alone.
struct MovedShares {
  std::vector<ClassCount> classes;  // in the order of their names
  double distance = 0;              // part of the photos that would need another class for the shares to be the same
  double chi_square = 0, p_value = 1;
};
inline void fields(const MovedShares& s, JsonWriter& visit) {
  visit("distance", s.distance), visit("chi_square", s.chi_square), visit("p_value", s.p_value),
      visit("counts", s.classes);
}

struct DriftedPhoto {
  std::string path;  // as Sample::path
  double score = 0;  // what the classifier says that has not seen it: high of the second set, low of the first
  std::string look;  // in which it is furthest from the other set: "brightness 212 against 104"
};
inline void fields(const DriftedPhoto& p, JsonWriter& visit) {
  visit("path", p.path), visit("score", p.score), visit("look", p.look);
}

struct DriftResult {
  ComparedSet before, after;
  int64_t alike = 0;     // of the second set's photos that were compared: one of the first but for size and compression
  std::string features;  // "looks", or the backbone or model whose features were compared
  std::optional<double> auc, p_value;  // none: every photo of the second set is one of the first
  std::optional<double> chance;        // AUC that 19 of 20 pairs of such sets stay within that are of one source
  std::string verdict;                 // a sentence
  std::vector<MovedLook> looks;        // those that moved most first
  std::vector<DriftedPhoto> new_in_after, gone_in_after;  // of the second set and the first, least like the other first
  std::optional<MovedShares> classes;                     // none: one of the sets has no classes
  std::optional<double> max;
  bool met() const { return !max || !auc || *auc <= *max; }
};
inline void fields(const DriftResult& r, JsonWriter& visit) {
  visit("a", r.before), visit("b", r.after), visit("alike", r.alike), visit("features", r.features),
      visit("auc", r.auc), visit("p_value", r.p_value), visit("chance", r.chance), visit("verdict", r.verdict),
      visit("looks", r.looks), visit("least_like_a", r.new_in_after), visit("least_like_b", r.gone_in_after),
      visit("classes", r.classes), visit("max", r.max), visit("met", r.met());
}

}  // namespace cvtool
