// The backbones that cvtool knows: models/bases/NAME.json. Free of LibTorch.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/fields.h"
#include "spec/backbone_names.h"

namespace cvtool {

// A file of weights that its makers publish.
struct OfficialWeights {
  std::string url, sha256, size, note;
};
template <class Visitor>
void fields(OfficialWeights& c, Visitor&& visit) {
  visit("url", c.url, Doc("where the file is published"));
  visit("sha256", c.sha256,
        Doc("its SHA-256, at least the first 8 digits; empty: not known, and the file is not fetched"));
  visit("size", c.size, Doc("its size, for people"));
  visit("note", c.note, Doc("what tells it from the others"));
}

// One variant of a backbone, with the keys of the spec that all variants share laid under it.
struct BackboneSpec {
  std::string name, description, paper, licence, output, differences;
  int64_t imgsz = 224;
  Json model = Json::object(), choices = Json::object();
  Json weights = Json::array(), tensors = Json::object();
  std::vector<std::string> ignored;
  // Not keys: its name under `variants`, and whether it is the first there.
  std::string variant;
  bool is_default = false;
};
template <class Visitor>
void fields(BackboneSpec& c, Visitor&& visit) {
  visit("name", c.name, Doc("name of the backbone, that of the file"));
  visit("description", c.description, Doc("one line for people"));
  visit("paper", c.paper, Doc("where the net was published"));
  visit("licence", c.licence, Doc("licence of the official weights"));
  visit("output", c.output, Doc("what the backbone gives"));
  visit("differences", c.differences, Doc("what differs from the paper"));
  visit("imgsz", c.imgsz, Doc("size of the pictures that it was trained on").range(1, 8192));
  visit("model", c.model, Doc("the net, as in a recipe, without a head; its preprocess is what the weights want"));
  visit("choices", c.choices,
        Doc("parameters of the net that the weights come in: {NAME: [value, ...]}, the default first"));
  visit("weights", c.weights, Doc("official files; the first is what cvtool import fetches"));
  visit("tensors", c.tensors,
        Doc("layer of the net -> layer of the weight file, with {name} for a part that both share"));
  visit("ignored", c.ignored, Doc("tensors of the weight file that are left out, by the beginning of their names"));
}

// All variants of a backbone, the default one first. Throws UsageError: a name that is not known, with the nearest one;
// a faulty spec, naming the key.
std::vector<BackboneSpec> backbone_variants(const std::string& name);

// A backbone with everything decided.
struct BackboneChoice {
  BackboneSpec spec;
  Json parameters = Json::object();  // {"alpha": 0.35}; empty where the backbone has none
};

// All that backbone `name` comes in, the default first. Throws as backbone_variants does.
std::vector<BackboneChoice> backbone_choices(const std::string& name);

// Its net spec with the chosen parameters.
Json chosen_net(const BackboneChoice& choice);

// The official files of the choice, the one to fetch first; may be empty.
std::vector<OfficialWeights> official_weights(const BackboneChoice& choice);

// Name of the file that an import makes: "mobilenet_v2", "mobilenet_v2-keras-0.35". What is at its default is left out.
std::string backbone_file_name(const BackboneChoice& choice);

// The file names of backbone_choices(name).
std::vector<std::string> backbone_file_names(const std::string& name);

// The choice with this file name, if there is one.
std::optional<BackboneChoice> choice_of_file_name(const std::string& name);

// The commands that make the backbone, for the end of a message.
std::string import_commands(const BackboneChoice& choice);

}  // namespace cvtool
