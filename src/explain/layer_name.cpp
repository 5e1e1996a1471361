#include "explain/layer_name.h"

#include <algorithm>
#include <vector>

#include "base/text.h"

namespace cvtool {
namespace {

// A step from an object to one of its attributes.
struct Step {
  const torch::jit::Value* owner;
  std::string attribute;
};

std::vector<Step> steps_to(const torch::jit::Value* object) {
  std::vector<Step> steps;
  while (object->node()->kind() == torch::jit::prim::GetAttr) {
    const torch::jit::Value* owner = object->node()->input(0);
    steps.push_back({owner, object->node()->s(torch::jit::attr::name)});
    object = owner;
  }
  std::reverse(steps.begin(), steps.end());
  return steps;
}

// One of the composites that model/compile.cpp makes.
bool is_composite(const torch::jit::Value* object, const char* class_name) {
  const auto type = object->type()->cast<c10::ClassType>();
  return type && type->name() && starts_with(type->name()->qualifiedName(), "__torch__.cvtool.") &&
         type->name()->name() == class_name;
}

// How a step reads in the name; the paths inside a composite are prefixes.
std::string step_text(const Step& step, const std::string& name) {
  if (is_composite(step.owner, "Residual")) return step.attribute == "main" ? "/" : "/" + step.attribute + "_";
  if (is_composite(step.owner, "Branches")) return "/" + step.attribute + "_";
  const bool apart = !name.empty() && name.back() != '/' && name.back() != '_';
  return (apart ? "/" : "") + step.attribute;
}

}  // namespace

LayerName layer_name(const torch::jit::Value* object) {
  auto steps = steps_to(object);
  // The head's layers stand alone.
  if (!steps.empty() && steps.front().attribute == "head") steps.erase(steps.begin());
  std::string name;
  for (const Step& step : steps) name += step_text(step, name);
  if (is_composite(object, "Residual")) return {name + "/add", name};
  if (is_composite(object, "Branches")) return {name + "/concatenate", name};
  // The list of layers inside a composite has no row of its own.
  if (!name.empty() && (name.back() == '/' || name.back() == '_')) return {};
  return {name, ""};
}

}  // namespace cvtool
