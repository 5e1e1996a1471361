// Trainings on the stand-in, by what is trained: a step makes the host wait for nothing, and gives what a processor
// gives.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "spec/augment_kinds.h"
#include "spec/train_config.h"
#include "standin/runs.h"

using namespace cvtool;

namespace {

struct Trained {
  TrainResult result;
  StepTable table, validation;
  std::vector<EpochReport> epochs;
};

Trained trained(const std::string& name, const Json& recipe, const std::string& device = standin::kName) {
  StepCounter counter;
  Trained out;
  out.result = train_job(Workshop::get().training(name + "-" + device, recipe, device), counter);
  out.table = table_of(counter.steps);
  out.validation = table_of(counter.validations);
  out.epochs = counter.epochs;
  MESSAGE(name << " on " << device << ": " << text_of(out.table));
  return out;
}

// The host waits in one step of sixteen, once: for the figures that it shows. So many tensors a step come to the
// device.
void check_steps(const Trained& run, int64_t least_to_device, int64_t most_to_device) {
  const StepTable& table = run.table;
  CHECK(table.steps == 38);
  CHECK(table.readings == 2);
  CHECK(table.waits == 2);
  CHECK(table.reads.empty());
  CHECK(table.races == 0);
  CHECK(run.validation.steps == 2);
  CHECK(run.validation.waits == 0);
  CHECK(table.least_to_device >= least_to_device);
  CHECK(table.most_to_device <= most_to_device);
}

double figure(const EpochReport& report, const std::string& wanted) {
  for (const auto& [name, value] : report.values)
    if (name == wanted) return value;
  return std::nan("");
}

void check_alike(const Trained& a, const Trained& b, double epsilon) {
  REQUIRE(a.epochs.size() == b.epochs.size());
  for (size_t i = 0; i < a.epochs.size(); ++i)
    for (const char* name : {"loss", "val_loss"}) {
      CAPTURE(name);
      CHECK(figure(a.epochs[i], name) == doctest::Approx(figure(b.epochs[i], name)).epsilon(epsilon));
    }
}

// Dropout draws other numbers on every device.
Json without_dropout(Json recipe) {
  for (Json& layer : recipe["model"]["layers"])
    if (layer["kind"] == "dropout") layer["rate"] = 0;
  return recipe;
}

// A step of it, and its figures beside the processor's.
void check_training(const std::string& name, const Json& recipe, int64_t least_to_device, int64_t most_to_device) {
  const Json plain = without_dropout(recipe);
  const Trained there = trained(name, plain);
  check_steps(there, least_to_device, most_to_device);
  check_alike(there, trained(name, plain, "cpu"), 5e-3);
}

}  // namespace

TEST_CASE("A net from scratch") { check_training("scratch", small_net(), 2, 2); }

TEST_CASE("Dropout") { check_steps(trained("dropout", small_net()), 2, 2); }

TEST_CASE("Accumulated gradients that are clipped and weights that are averaged") {
  const Json more{{"accumulate", 2}, {"clip_norm", 0.5}, {"ema", 0.9}, {"optimizer", "adamw"}};
  check_training("accumulate", with(small_net(), {{"train", more}}), 2, 2);
}

TEST_CASE("Every optimizer") {
  for (const std::string& optimizer : optimizer_names()) {
    CAPTURE(optimizer);
    // Small steps: where a gradient is nothing but rounding, these go by its sign.
    const Json train{{"optimizer", optimizer}, {"lr", 1e-4}, {"momentum", 0.9}, {"weight_decay", 0.01}, {"epochs", 1}};
    const Json recipe = without_dropout(with(small_net(), {{"train", train}}));
    const Trained there = trained(optimizer, recipe);
    CHECK(there.table.reads.empty());
    CHECK(there.table.waits == 1);
    check_alike(there, trained(optimizer, recipe, "cpu"), 5e-3);
  }
}

TEST_CASE("Half precision with clipped gradients") {
  for (const char* precision : {"bf16", "fp16"})
    for (const char* optimizer : {"nadam", "sgd"}) {
      const Json more{{"precision", precision}, {"clip_norm", 0.5}, {"optimizer", optimizer}, {"lr", 0.002}};
      const std::string name = std::string(precision) + optimizer;
      const Trained run = trained(name, with(small_net(), {{"train", more}}));
      check_steps(run, 2, 2);
      CHECK(std::isfinite(figure(run.epochs.back(), "val_loss")));
    }
}

TEST_CASE("Mixed photos and weighted classes") {
  const Json train{{"class_weights", "Car=1,Truck=2"}, {"label_smoothing", 0.1}};
  // Pixels and labels of the batch and of the one that follows, and the fractions of both.
  check_training("mixup", with(small_net(), {{"augment", {{{"kind", "mixup"}}}}, {"train", train}}), 6, 6);
}

TEST_CASE("Every augmentation") {
  const char* list =
      "flip=horizontal_and_vertical,rotation=0.1,zoom=0.1,translation=0.1,shear=0.1,resized_crop=0.5,contrast,"
      "brightness,saturation,hue,"
      "grayscale,noise,blur,erasing,randaugment,cutmix";
  const Json augment = parse_augment_text(list);
  check_steps(trained("augment", with(small_net(), {{"augment", augment}, {"train", {{"lr", 0.001}}}})), 20, 80);
}

TEST_CASE("A frozen backbone whose features are kept") { check_training("frozen", on_backbone(), 2, 2); }

TEST_CASE("A frozen backbone on augmented photos") {
  check_training("frozen-pixels",
                 with(on_backbone(), {{"augment", {{{"kind", "random_flip"}}, {{"kind", "random_contrast"}}}}}), 3, 9);
}

TEST_CASE("A backbone that is fine-tuned from the second epoch on") {
  const Json transfer{{"fine_tune", "all"}, {"freeze_epochs", 1}};
  check_training("fine", with(on_backbone(), {{"transfer", transfer}}), 2, 2);
}

TEST_CASE("A probe and fine-tuning behind it") {
  Json recipe = with(on_backbone(), {{"transfer", {{"probe", true}}}, {"train", {{"epochs", 1}}}});
  check_alike(trained("probe", recipe), trained("probe", recipe, "cpu"), 1e-3);
  recipe = with(recipe, {{"transfer", {{"fine_tune", "all"}}}, {"train", {{"epochs", 2}}}});
  const Trained fine = trained("probe-fine", recipe);
  CHECK(fine.table.steps == 19);
  CHECK(fine.table.waits == 1);
}

TEST_CASE("A loss that is no number ends the training with the step in which it became so") {
  const Json train{{"lr", 100}, {"optimizer", "sgd"}, {"class_weights", "Car=1e30,Truck=1e30"}};
  const Json recipe = without_dropout(with(small_net(), {{"train", train}}));
  const std::string there = message_of([&] { trained("broken", recipe); });
  CHECK(contains(there, "in epoch 1, step 2; try a smaller --lr"));
  CHECK(there == message_of([&] { trained("broken", recipe, "cpu"); }));
}

TEST_CASE("A run that is stopped and goes on ends as one that was never stopped, bit for bit") {
  for (const char* precision : {"fp32", "fp16"})
    for (const int64_t stop : {3, 21}) {
      const Json recipe = with(small_net(), {{"train", {{"precision", precision}, {"ema", 0.9}, {"clip_norm", 1}}}});
      const std::string name = std::string(precision) + std::to_string(stop);
      const Trained whole = trained("whole" + name, recipe);
      TrainRequest request = Workshop::get().training("stopped" + name, recipe);
      StepCounter stopped, rest;
      stopped.stop_after = stop;
      CHECK(train_job(request, stopped).interrupted);
      request.resumes = true;
      request.resume = Workshop::get().run("stopped" + name);
      request.recipe.clear();
      request.run_given = {
          {"threads", 1}};  // the stand-in computes with the processor's, whose number changes rounding
      CHECK_FALSE(train_job(request, rest).interrupted);
      REQUIRE(rest.epochs.size() == 2 - stop / 20);
      for (const char* figure_name : {"loss", "val_loss"})
        CHECK(figure(rest.epochs.back(), figure_name) == figure(whole.epochs.back(), figure_name));
      const auto last = [&](const std::string& run) { return content_of(Workshop::get().run(run) + "/last.pt"); };
      CHECK((last("stopped" + name) == last("whole" + name + "-standin")));
    }
}
