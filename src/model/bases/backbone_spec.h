// The backbones that cvtool knows: models/bases/NAME.json. Free of LibTorch.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/fields.h"
#include "spec/backbone_names.h"
#include "spec/weight_table.h"

namespace cvtool {

// One variant of a backbone, with the keys of the spec that all variants share laid under it.
struct BackboneSpec {
  std::string name, like, description, paper, licence, output, differences;
  int64_t imgsz = 224;
  Json model = Json::object(), choices = Json::object();
  Json tensors = Json::object(), lists = Json::object();
  std::vector<std::string> ignored;
  Json configs = Json::array();
  // Not keys: its name under `variants`, and whether it is the first there.
  std::string variant;
  bool is_default = false;
};
template <class Visitor>
void fields(BackboneSpec& c, Visitor&& visit) {
  visit("name", c.name, Doc("name of the backbone, that of the file"));
  visit("like", c.like, Doc("another backbone, over whose spec this one is laid; empty: none"));
  visit("description", c.description, Doc("one line for people"));
  visit("paper", c.paper, Doc("where the net was published"));
  visit("licence", c.licence, Doc("licence of the weights, where the table of weights does not say"));
  visit("output", c.output, Doc("what the backbone gives"));
  visit("differences", c.differences, Doc("what differs from the paper"));
  visit("imgsz", c.imgsz, Doc("size of the pictures that it was trained on").range(1, 8192));
  visit("model", c.model, Doc("the net, as in a recipe, without a head; its preprocess is what the weights want"));
  visit("choices", c.choices,
        Doc("parameters of the net that the weights come in: {NAME: [value, ...]}, the default first"));
  visit("tensors", c.tensors,
        Doc("layer of the net -> layer of the weight file, with {name} for a part that both share"));
  visit("lists", c.lists, Doc("lists and objects that the right-hand sides of tensors look names up in"));
  visit("ignored", c.ignored, Doc("tensors of the weight file that are left out, by the beginning of their names"));
  visit("configs", c.configs,
        Doc("what a config.json beside the weights says of them: a list of objects, one of which it must contain"));
}

// All variants of a backbone, the default one first. Throws UsageError: a name that is not known, with the nearest one;
// a faulty spec, naming the key.
std::vector<BackboneSpec> backbone_variants(const std::string& name);

// A backbone with everything decided.
struct BackboneChoice {
  BackboneSpec spec;
  Json parameters = Json::object();  // {"alpha": 0.35}; empty where the backbone has none
  std::string weights = {};          // which of its weights, by their name in the table; empty: the first
};

// All that backbone `name` comes in, the default first. Throws as backbone_variants does.
std::vector<BackboneChoice> backbone_choices(const std::string& name);

// Its net spec with the chosen parameters.
Json chosen_net(const BackboneChoice& choice);

// What the table of weights has for the choice: the one that it names, or all, the one to fetch first; may be empty.
std::vector<WeightEntry> official_weights(const BackboneChoice& choice);

// Name of the file that an import makes: that of the weights where they are not the first, or "mobilenet_v2",
// "mobilenet_v2-keras-0.35", where what is at its default is left out.
std::string backbone_file_name(const BackboneChoice& choice);

// The choice with this file name, or with weights of this name in the table, if there is one.
std::optional<BackboneChoice> choice_of_file_name(const std::string& name);

// The commands that make the backbone, for the end of a message.
std::string import_commands(const BackboneChoice& choice);

}  // namespace cvtool
