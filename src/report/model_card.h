// MODEL_CARD.md: what others should know of a model before they use it, as Markdown with the head that Hugging Face
// reads.
#pragma once

#include <string>
#include <vector>

#include "report/evaluation_page.h"

namespace cvtool {

struct Confusion {
  std::string label, predicted;
  int64_t count = 0;  // photos of `label` that were taken for `predicted`
};

// What the card says beside what the page does.
struct CardFacts {
  std::string name;
  Facts model, data, files;
  std::vector<Confusion> confusions;  // the most frequent first
  double temperature = 1;             // of the model's calibration
  std::string base_licence;           // of the pretrained backbone's weights; empty: there is none, or it says none
};

// The whole card. The same facts give the same bytes. What only a person knows is left open, and marked "To fill in:".
// All that comes from outside is escaped.
std::string model_card(const EvaluationPage& page, const CardFacts& facts);

// Whether a text is a card as model_card gave it: false once somebody has changed it.
bool is_unchanged_card(const std::string& text);

}  // namespace cvtool
