// The keys of what holds layers instead of weights, at their defaults. Free of LibTorch.
#pragma once

#include <nlohmann/json.hpp>

#include "base/fields.h"
#include "spec/layer_fields.h"

namespace cvtool {

struct ResidualFields {
  Json layers = Json(), shortcut = Json();
  bool if_same_shape = false;
  std::string activation = "linear";
};
template <class Visitor>
void fields(ResidualFields& c, Visitor&& visit) {
  visit("layers", c.layers, Doc("the main path"));
  visit("shortcut", c.shortcut, Doc("layers of the other path; null: the input as it is"));
  visit("if_same_shape", c.if_same_shape, Doc("leave the addition out where the shapes differ"));
  visit("activation", c.activation, Doc("function applied to the sum").words(activation_names()));
}

struct BranchesFields {
  Json branches = Json();
};
template <class Visitor>
void fields(BranchesFields& c, Visitor&& visit) {
  visit("branches", c.branches, Doc("lists of layers; their outputs are joined channel after channel"));
}

struct BlockFields {
  Json parameters = Json::object(), layers = Json();
};
template <class Visitor>
void fields(BlockFields& c, Visitor&& visit) {
  visit("parameters", c.parameters, Doc("names and defaults; null: must be given where the block is used"));
  visit("layers", c.layers, Doc("the layers; \"$name\" stands for a parameter, \"$in\" for the input's channels"));
}

}  // namespace cvtool
