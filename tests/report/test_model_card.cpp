#include "report/model_card.h"

#include <doctest/doctest.h>

#include "report/reported.h"
#include "scratch.h"

using namespace cvtool;

namespace {

EvaluationPage page_of_card(const std::vector<std::string>& classes) {
  EvaluationPage page;
  page.document = reported(classes);
  page.classes = classes;
  page.warnings = {"fewer than 10 photos of Car"};
  page.environment = {{"device", "cpu"}};
  page.commands = {"cvtool train --data photos"};
  return page;
}

CardFacts facts_of_card() {
  CardFacts facts;
  facts.name = "small";
  facts.model = {{"input", "32 px"}};
  facts.data = {{"training photos", "48"}};
  facts.files = {{"metrics.json", "every number"}};
  facts.confusions = {{"Car", "Truck", 3}, {"Truck", "Car", 1}};
  return facts;
}

}  // namespace

TEST_CASE("A model card has all its sections, and says what is left to fill in") {
  const std::string card = model_card(page_of_card({"Car", "Truck"}), facts_of_card());
  CHECK(card.rfind("---\nlibrary_name: cvtool\npipeline_tag: image-classification\n", 0) == 0);
  size_t at = 0;
  for (const char* section : {"# small: Car, Truck", "## Model", "## Intended use", "## Data", "## Evaluation",
                              "## Calibration", "## Limits", "## Training", "## Files"}) {
    CAPTURE(section);
    const size_t next = card.find(std::string("\n") + section + "\n", at);
    REQUIRE(next != std::string::npos);
    at = next;
  }
  CHECK(contains(card, "- **To fill in:** what the model is for, and who uses it\n"));
  CHECK(contains(card, "| accuracy | 0.8000 | 0.7500 to 0.8500 |\n"));
  CHECK(contains(card, "| Truck | 20 | 0.8000 | 0.8000 | 0.8000 |\n| Car |"));
  CHECK(contains(card, "- it knows Truck least well: F1 0.8000\n"));
  CHECK(contains(card, "from 120 photos: of more such photos it would recognise from 0.7500 to 0.8500 (95 %)\n"));
  CHECK(contains(card, "## Files\n\n- metrics.json: every number\n"));
  CHECK(contains(card, "- fewer than 10 photos of Car\n"));
  CHECK(contains(card, "- 3 photos of Car were taken for Truck\n- 1 photo of Truck was taken for Car\n"));
  CHECK(contains(card, "```sh\ncvtool train --data photos\n```\n"));
  CHECK(contains(card, "no temperature was fitted"));
  CHECK(card == model_card(page_of_card({"Car", "Truck"}), facts_of_card()));
}

TEST_CASE("A model card names the licence of the base and the temperature where there are such") {
  CardFacts facts = facts_of_card();
  facts.base_licence = "BSD-3-Clause";
  facts.temperature = 2.5;
  const std::string card = model_card(page_of_card({"Car", "Truck"}), facts);
  CHECK(contains(card, "of its backbone's weights is known: BSD-3-Clause\n"));
  CHECK(contains(card, "a temperature of 2.5000"));
}

TEST_CASE("Of many classes a model card shows the twenty weakest") {
  std::vector<std::string> names;
  for (int i = 10; i < 35; ++i) names.push_back("class " + std::to_string(i));
  const std::string card = model_card(page_of_card(names), facts_of_card());
  CHECK(contains(card, "| class 34 |"));
  CHECK(contains(card, "| class 15 |"));
  CHECK_FALSE(contains(card, "| class 14 |"));
}

TEST_CASE("A model card knows whether somebody has changed it") {
  std::string card = model_card(page_of_card(odd_names()), facts_of_card());
  CHECK(is_unchanged_card(card));
  CHECK_FALSE(is_unchanged_card(card + "\nMine\n"));
  CHECK_FALSE(is_unchanged_card(""));
  CHECK_FALSE(is_unchanged_card("# A card of somebody's own\n"));
  card.replace(card.find("**To fill in:** what the model is for"), 10, "for toys..");
  CHECK_FALSE(is_unchanged_card(card));
}
