// The table of pretrained weights, models/weights.json: what there is to fetch, and what is known of it.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/fields.h"

namespace cvtool {

// One file of weights. What nothing is known of is empty or 0.
struct WeightEntry {
  std::string name, base, variant;
  Json parameters = Json::object();
  std::string url, sha256, size, licence, note;
  int64_t imgsz = 0;
  double crop = 0;
  std::string interpolation;
  double top1 = 0;
  int64_t numbers = 0, macs = 0;
  double rate = 0;
  Json sources = Json::object();

  // Its checksum is known, so that what comes can be told from what should.
  bool can_be_fetched() const { return !url.empty() && !sha256.empty(); }
};
template <class Visitor>
void fields(WeightEntry& c, Visitor&& visit) {
  visit("name", c.name, Doc("what import and --base call it"));
  visit("base", c.base, Doc("the backbone that they are of"));
  visit("variant", c.variant, Doc("the backbone's variant"));
  visit("parameters", c.parameters, Doc("the backbone's choices where they are not its first: {\"alpha\": 0.35}"));
  visit("url", c.url, Doc("where their makers publish the file"));
  visit("sha256", c.sha256,
        Doc("its SHA-256, at least the first 8 digits; empty: not known, and the file is not fetched"));
  visit("size", c.size, Doc("its size, for people"));
  visit("licence", c.licence, Doc("licence of the weights; empty: that of the backbone's variant"));
  visit("note", c.note, Doc("what tells it from the others"));
  visit("imgsz", c.imgsz, Doc("size in pixels that top1 is of").range(0, 8192).means("0", "not known"));
  visit("crop", c.crop, Doc("part of the shorter side that top1's pictures keep").range(0, 1).means("0", "not known"));
  visit("interpolation", c.interpolation, Doc("how top1's pictures were resized"));
  visit("top1", c.top1, Doc("accuracy on ImageNet's validation set in per cent").range(0, 100).means("0", "not known"));
  visit("numbers", c.numbers,
        Doc("numbers in the backbone, batch norm's statistics among them").range(0, 1e12).means("0", "not known"));
  visit("macs", c.macs,
        Doc("multiply-adds of the backbone for one picture of imgsz").range(0, 1e15).means("0", "not known"));
  visit("rate", c.rate, Doc("pictures of imgsz a second on a processor").range(0, 1e9).means("0", "not measured"));
  visit("sources", c.sources,
        Doc("where it is known from: {file, licence, input, top1, cost, rate: a name of the table's sources}"));
}

// The file: its entries, the preferred first, and what the names of sources stand for.
struct WeightTable {
  Json sources = Json::object();
  std::vector<WeightEntry> entries;
};

// Throws UsageError naming file and key for a table that is none, and for a name that two entries have.
WeightTable weight_table();

}  // namespace cvtool
