// The table of a net's layers, and what each sees and costs.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/fields.h"

namespace cvtool {

// The receptive field of a map along height (index 0) and width (index 1), in pixels of the net's input. The value at
// (i, j) sees the pixels from first + i * stride on, `size` of them; negative places lie in padding.
struct ReceptiveField {
  std::array<int64_t, 2> first{0, 0}, size{1, 1}, stride{1, 1};
  bool whole = false;  // every value sees the whole picture: behind global pooling, flatten or a dense layer
};
inline void fields(const ReceptiveField& f, JsonWriter& visit) {
  visit("size", f.size), visit("stride", f.stride), visit("offset", f.first);
}

struct LayerCost {
  std::optional<ReceptiveField> field;  // of the layer's output; none where the layer's operations were not found
  int64_t macs = 0;                     // multiply-adds of convolutions and dense layers, one photo
  int64_t activation_bytes = 0;         // of the values that the layer newly makes, float32, one photo
};
inline void fields(const LayerCost& c, JsonWriter& visit) {
  if (c.field && c.field->whole)
    visit("receptive_field", "whole");
  else
    visit("receptive_field", c.field);
  visit("macs", c.macs);
  visit("activation_bytes", c.activation_bytes);
}

struct LayerSummary {
  std::string name, kind;                    // see SummaryRow
  std::vector<int64_t> output;               // Keras's order: height, width, channels; empty: not known
  int64_t trainable = 0, non_trainable = 0;  // numbers
  std::optional<LayerCost> cost;
};
inline void fields(const LayerSummary& l, JsonWriter& visit) {
  visit("name", l.name);
  visit("kind", l.kind);
  visit("output", l.output);
  visit("trainable", l.trainable);
  visit("non_trainable", l.non_trainable);
  if (l.cost) fields(*l.cost, visit);
}

// What model files hold of it.
struct LayerTable {
  std::vector<LayerSummary> layers;
  int64_t trainable = 0, non_trainable = 0;
  int64_t total() const { return trainable + non_trainable; }
};
inline void fields(const LayerTable& t, JsonWriter& visit) {
  visit("layers", t.layers), visit("total", t.total()), visit("trainable", t.trainable),
      visit("non_trainable", t.non_trainable);
}

struct Summary : LayerTable {
  std::string name;
  std::optional<ImageSize> imgsz;  // none: any
  int64_t channels = 3;            // of the input: 3 or 1
  Json classes;                    // their names, or how many; null: a backbone, which has none
  std::optional<LayerCost> cost;   // sums over the layers, where these were asked for
};
inline void fields(const Summary& s, JsonWriter& visit) {
  visit("name", s.name);
  visit("imgsz", s.imgsz);
  visit("channels", s.channels);
  if (!s.classes.is_null()) visit("classes", s.classes);
  fields(static_cast<const LayerTable&>(s), visit);
  if (!s.cost) return;
  visit("macs", s.cost->macs);
  visit("activation_bytes", s.cost->activation_bytes);
}

}  // namespace cvtool
