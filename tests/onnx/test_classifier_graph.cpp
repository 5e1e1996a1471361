#include "onnx/classifier_graph.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "scratch.h"

using namespace cvtool;

namespace {

OnnxModel ending_in(std::vector<OnnxNode> last) {
  OnnxModel model;
  model.input = {"x", OnnxType::kFloat, {-1, 3}};
  model.output = {"p", OnnxType::kFloat, {-1, 3}};
  model.nodes = {{"Relu", "r", {"x"}, {"z"}, {}}};
  model.nodes.insert(model.nodes.end(), last.begin(), last.end());
  model.constants = {{"one", OnnxType::kFloat, {}, std::string(4, '\0')}};
  return model;
}

}  // namespace

TEST_CASE("The logits of a classifier are found before its softmax or sigmoids, and what is behind them is gone") {
  const LogitsGraph softmax = logits_graph(
      ending_in({{"Softmax", "s", {"z"}, {"s"}, {{"axis", int64_t{1}}}}, {"Identity", "i", {"s"}, {"p"}, {}}}));
  CHECK((softmax.head == OnnxHead::kSoftmax));
  CHECK(softmax.model.output.name == "z");
  CHECK(softmax.model.output.dims == Integers{-1, 3});
  CHECK(softmax.model.nodes.size() == 1);
  CHECK(softmax.model.constants.empty());

  const LogitsGraph pair = logits_graph(ending_in({{"Sigmoid", "s", {"z"}, {"s"}, {}},
                                                   {"Sub", "n", {"one", "s"}, {"n"}, {}},
                                                   {"Concat", "c", {"n", "s"}, {"p"}, {{"axis", int64_t{1}}}}}));
  CHECK((pair.head == OnnxHead::kOneUnit));
  CHECK(pair.model.output.dims == Integers{-1, 1});

  CHECK((logits_graph(ending_in({{"Sigmoid", "s", {"z"}, {"s"}, {}},
                                 {"Neg", "m", {"s"}, {"m"}, {}},
                                 {"Add", "n", {"m", "one"}, {"n"}, {}},
                                 {"Concat", "c", {"n", "s"}, {"p"}, {{"axis", int64_t{1}}}}}))
             .head == OnnxHead::kOneUnit));
  CHECK((logits_graph(ending_in({{"Sigmoid", "s", {"z"}, {"p"}, {}}})).head == OnnxHead::kSigmoids));
}

TEST_CASE("A graph that ends otherwise is no classifier's") {
  const auto refused = [](const OnnxModel& model) { return message_of([&] { logits_graph(model); }); };
  CHECK(contains(refused(ending_in({{"Exp", "e", {"z"}, {"p"}, {}}})), "does not end in the probabilities"));
  CHECK(contains(refused(ending_in({})), "does not end in the probabilities"));
  OnnxModel bare = ending_in({});
  bare.nodes = {{"Softmax", "s", {"x"}, {"p"}, {}}};
  CHECK(contains(refused(bare), "computes nothing"));
}
