#include "train/losses.h"

#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include "scratch.h"

using namespace cvtool;

TEST_CASE("Class weights come from counts, from words and from a file") {
  const std::vector<std::string> classes{"Car", "Truck"};
  std::vector<Sample> samples(8);
  samples[0].label = samples[1].label = 1;
  CHECK_FALSE(class_weights_tensor("none", classes, samples).defined());
  CHECK(class_weights_tensor("auto", classes, samples).allclose(at::tensor({8.0F / 12, 8.0F / 4})));
  CHECK(class_weights_tensor("Truck=2.5", classes, samples).allclose(at::tensor({1.0F, 2.5F})));
  const Scratch folder;
  const std::string resolved = resolve_class_weights(folder.write("weights.json", R"({"Car": 0.5, "Truck": 3})"));
  CHECK(resolved == "Car=0.5,Truck=3");
  CHECK(class_weights_tensor(resolved, classes, samples).allclose(at::tensor({0.5F, 3.0F})));
}

TEST_CASE("A class whose name holds a comma or an equals sign has its weight, from words, JSON and a file") {
  const std::vector<std::string> classes{"a=b", "green", "red, blue"};
  const Scratch folder;
  const std::string json = R"({"red, blue": 2, "a=b": 3})";
  for (const std::string& text :
       {std::string(R"("red, blue"=2,a=b=3)"), json, folder.write("lr=1/weights.json", json)}) {
    const std::string resolved = resolve_class_weights(text);
    CAPTURE(resolved);
    CHECK(class_weights_tensor(resolved, classes, {}).allclose(at::tensor({3.0F, 1.0F, 2.0F})));
    CHECK(resolve_class_weights(resolved) == resolved);  // as a run's recipe holds it
  }
}

TEST_CASE("Class weights that make no sense are refused with what is meant") {
  const auto message = [](const std::string& text) {
    return message_of([&] { class_weights_tensor(resolve_class_weights(text), {"Car", "Truck"}, {}); });
  };
  std::vector<Sample> trucks(2);
  trucks[0].label = trucks[1].label = 1;
  for (const char* text : {"Car=0,Truck=0", "Truck=0"})
    CHECK(contains(message_of([&] {
                     class_weights_tensor(text, {"Car", "Truck"}, trucks);
                   }),
                   "leaves no training photo a weight"));
  CHECK(class_weights_tensor("Car=0", {"Car", "Truck"}, trucks).defined());
  CHECK(contains(message("Truk=2"), "did you mean 'Truck'?"));
  CHECK(contains(message("Truck=x"), "'x' is not a weight"));
  CHECK(contains(message("Truck=-1"), "'-1' is not a weight"));
  CHECK(contains(message("Truck=1e308"), "'1e308' is not a weight"));
  CHECK(contains(message("equal"), "neither none, auto, a .json file nor CLASS=WEIGHT"));
  CHECK(class_weights_tensor("Truck=1e30", {"Car", "Truck"}, trucks).defined());
  CHECK(contains(message("Truck=1.5e30"), "'1.5e30' is not a weight"));
  for (const char* missing : {"nowhere.json", "folder/weights"}) {
    CHECK(contains(message(missing), missing));
    CHECK_FALSE(contains(message(missing), "neither none"));
  }
  const Scratch folder;
  for (const char* bytes : {"{}", "[1, 2]"})
    CHECK(contains(message(folder.write("weights.json", bytes)), "must hold an object"));
}
