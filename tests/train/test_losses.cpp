#include "train/losses.h"

#include <doctest/doctest.h>

#include <cmath>

#include "base/error.h"
#include "golden/golden.h"
#include "scratch.h"

using namespace cvtool;
using doctest::Approx;

namespace {

double loss(const std::string& name, const at::Tensor& logits, const at::Tensor& labels) {
  return loss_from_logits(name, logits, labels).item<double>();
}

at::Tensor labels_of(const Json& json) { return tensor_from_json(json).flatten().to(at::kLong); }

}  // namespace

TEST_CASE("Cross-entropies from logits are Keras's") {
  const Json& golden = keras_golden()["losses"];
  const at::Tensor logits = tensor_from_json(golden["logits"]), labels = labels_of(golden["labels"]);
  CHECK(loss("categorical_crossentropy", logits, labels) ==
        Approx(golden["categorical_crossentropy_from_logits"].get<double>()).epsilon(1e-6));
  CHECK(loss("sparse_categorical_crossentropy", logits, labels) ==
        Approx(golden["sparse_categorical_crossentropy_from_logits"].get<double>()).epsilon(1e-6));
  CHECK(loss("binary_crossentropy", tensor_from_json(golden["binary_logits"]), labels_of(golden["binary_labels"])) ==
        Approx(golden["binary_crossentropy_from_logits"].get<double>()).epsilon(1e-6));
}

TEST_CASE("Binary cross-entropy over several units is the mean over units and samples") {
  const at::Tensor logits = at::tensor({1.F, -2.F, 0.5F, 3.F}).reshape({2, 2}), labels = at::tensor({0, 1}, at::kLong);
  const auto term = [](double z, double y) { return std::log1p(std::exp(-std::abs(z))) + std::max(z, 0.0) - z * y; };
  CHECK(loss("binary_crossentropy", logits, labels) ==
        Approx((term(1, 1) + term(-2, 0) + term(0.5, 0) + term(3, 1)) / 4));
}

TEST_CASE("Losses of huge logits stay finite, and those of bfloat16 are computed in float") {
  const at::Tensor logits = at::tensor({1e4F, -1e4F}).reshape({2, 1}), labels = at::tensor({0, 1}, at::kLong);
  CHECK(loss("binary_crossentropy", logits, labels) == Approx(1e4));
  CHECK(loss("sparse_categorical_crossentropy", at::cat({-logits, logits}, 1), labels) == Approx(2e4));
  CHECK((loss_from_logits("binary_crossentropy", logits.to(at::kBFloat16), labels).scalar_type() == at::kFloat));
}

TEST_CASE("A loss has the gradient of its mean") {
  const at::Tensor logits = at::tensor({2.F, -1.F}).reshape({2, 1}).set_requires_grad(true),
                   labels = at::tensor({1, 1}, at::kLong);
  loss_from_logits("binary_crossentropy", logits, labels).backward();
  CHECK(logits.grad()[0][0].item<double>() == Approx((1 / (1 + std::exp(-2.0)) - 1) / 2));
}

TEST_CASE("The loss follows the number of units, and one that does not fit is refused") {
  CHECK(resolve_loss("auto", 1) == "binary_crossentropy");
  CHECK(resolve_loss("auto", 2) == "sparse_categorical_crossentropy");
  CHECK(resolve_loss("binary_crossentropy", 3) == "binary_crossentropy");
  for (const char* fits : {"binary_crossentropy", "focal"}) CHECK(resolve_loss(fits, 1) == fits);
  CHECK_THROWS_AS(resolve_loss("categorical_crossentropy", 1), UsageError);
  CHECK(accuracy_name(1) == "binary_accuracy");
  CHECK(accuracy_name(2) == "accuracy");
}

TEST_CASE("Hits are counted as Keras counts them") {
  const at::Tensor one = at::tensor({0.1F, 0.F, -0.1F}).reshape({3, 1}), labels = at::tensor({1, 1, 0}, at::kLong);
  CHECK(correct_from_logits(one, labels).item<int64_t>() == 2);  // p = 0.5 is class 0
  const at::Tensor three = at::tensor({0.F, 1.F, 2.F, 2.F, 1.F, 2.F}).reshape({2, 3});
  CHECK(correct_from_logits(three, at::tensor({2, 0}, at::kLong)).item<int64_t>() == 2);
}

TEST_CASE("Mixed labels that are whole give the loss of whole labels, in every loss") {
  at::manual_seed(3);
  const at::Tensor labels = at::tensor({1, 0, 1, 1}, at::kLong), mixed = at::one_hot(labels, 2).to(at::kFloat);
  for (const int64_t units : {1, 2}) {
    const at::Tensor logits = at::randn({4, units});
    for (const char* name : {"binary_crossentropy", "sparse_categorical_crossentropy", "focal"}) {
      if (units == 1 && std::string(name) == "sparse_categorical_crossentropy") continue;
      CAPTURE(name);
      TrainingLoss loss;
      loss.name = name;
      CHECK(training_loss(loss, logits, mixed).item<double>() ==
            doctest::Approx(training_loss(loss, logits, labels).item<double>()).epsilon(1e-6));
      CHECK(loss_from_logits(name, logits, mixed).item<double>() ==
            doctest::Approx(loss_from_logits(name, logits, labels).item<double>()).epsilon(1e-6));
    }
  }
}

TEST_CASE("A mixed label's loss is the mix of its classes' losses") {
  const at::Tensor logits = at::tensor({0.3F, -1.2F, 0.8F}).reshape({1, 3});
  TrainingLoss loss;
  loss.name = "categorical_crossentropy";
  const auto of_class = [&](int64_t k) {
    return training_loss(loss, logits, at::tensor({k}, at::kLong)).item<double>();
  };
  const at::Tensor mixed = at::tensor({0.25F, 0.0F, 0.75F}).reshape({1, 3});
  CHECK(training_loss(loss, logits, mixed).item<double>() ==
        doctest::Approx(0.25 * of_class(0) + 0.75 * of_class(2)).epsilon(1e-6));
  CHECK(correct_from_logits(logits, mixed).item<int64_t>() == 1);
  CHECK(correct_from_logits(at::tensor({-0.5F}).reshape({1, 1}), at::tensor({0.3F, 0.7F}).reshape({1, 2}))
            .item<int64_t>() == 0);
  // Where the probabilities round to the same, the first class is named, as eval does.
  CHECK(correct_from_logits(at::tensor({1e-9F}).reshape({1, 1}), at::tensor({0}, at::kLong)).item<int64_t>() == 1);
  CHECK(correct_from_logits(at::tensor({800.F, 900.F}).reshape({1, 2}), at::tensor({1}, at::kLong)).item<int64_t>() ==
        1);
}

TEST_CASE("The focal loss is (1 - p)^gamma times the cross-entropy") {
  TrainingLoss loss;
  loss.name = "focal";
  // One unit: z = log 3 is p = 0.75. Class 1: 0.25^2 * -log 0.75; class 0: 0.75^2 * -log 0.25.
  const at::Tensor z = at::tensor({std::log(3.0F)}).reshape({1, 1});
  CHECK(training_loss(loss, z, at::tensor({1}, at::kLong)).item<double>() ==
        doctest::Approx(0.0625 * -std::log(0.75)).epsilon(1e-5));
  CHECK(training_loss(loss, z, at::tensor({0}, at::kLong)).item<double>() ==
        doctest::Approx(0.5625 * -std::log(0.25)).epsilon(1e-5));
  // Two units that say the same.
  const at::Tensor two = at::tensor({0.0F, std::log(3.0F)}).reshape({1, 2});
  CHECK(training_loss(loss, two, at::tensor({1}, at::kLong)).item<double>() ==
        doctest::Approx(0.0625 * -std::log(0.75)).epsilon(1e-5));
  loss.focal_gamma = 1;
  CHECK(training_loss(loss, z, at::tensor({1}, at::kLong)).item<double>() ==
        doctest::Approx(0.25 * -std::log(0.75)).epsilon(1e-5));
  loss.focal_gamma = 0;
  CHECK(training_loss(loss, two, at::tensor({1}, at::kLong)).item<double>() ==
        doctest::Approx(-std::log(0.75)).epsilon(1e-5));
  // What is reported is the cross-entropy.
  CHECK(loss_from_logits("focal", two, at::tensor({1}, at::kLong)).item<double>() ==
        doctest::Approx(-std::log(0.75)).epsilon(1e-5));
}

TEST_CASE("The focal loss and its gradient are finite for any gamma, however sure the net is") {
  TrainingLoss loss;
  loss.name = "focal";
  for (const double gamma : {0.1, 0.5, 1.0, 2.0, 5.0})
    for (const float z : {0.0F, 3.0F, 17.0F, 40.0F, 1000.0F})
      for (const int64_t units : {1, 2, 3})
        for (const int64_t label : {0, 1}) {
          CAPTURE(gamma);
          CAPTURE(z);
          CAPTURE(units);
          loss.focal_gamma = gamma;
          at::Tensor logits = at::zeros({1, units});
          logits[0][units == 1 ? 0 : 1] = z;
          logits.set_requires_grad(true);
          const at::Tensor value = training_loss(loss, logits, at::tensor({label}, at::kLong));
          value.backward();
          CHECK(std::isfinite(value.item<double>()));
          CHECK(logits.grad().isfinite().all().item<bool>());
        }
  // Against the formula's own slope, by differences: gamma 0.5 at p = sigmoid(2).
  loss.focal_gamma = 0.5;
  const auto at_logit = [&](double z) {
    const double p = 1 / (1 + std::exp(-z));
    return -std::sqrt(1 - p) * std::log(p);
  };
  for (const int64_t units : {1, 2}) {
    at::Tensor logits = at::zeros({1, units});
    logits[0][units - 1] = 2;
    logits.set_requires_grad(true);
    training_loss(loss, logits, at::tensor({1}, at::kLong)).backward();
    CHECK(logits.grad()[0][units - 1].item<double>() ==
          Approx((at_logit(2 + 1e-4) - at_logit(2 - 1e-4)) / 2e-4).epsilon(1e-4));
  }
}

TEST_CASE("Label smoothing spreads a fraction of the label over all classes") {
  TrainingLoss loss;
  loss.name = "sparse_categorical_crossentropy";
  loss.label_smoothing = 0.2;
  const at::Tensor two = at::tensor({0.0F, std::log(3.0F)}).reshape({1, 2});
  const double expected = 0.9 * -std::log(0.75) + 0.1 * -std::log(0.25);
  CHECK(training_loss(loss, two, at::tensor({1}, at::kLong)).item<double>() == doctest::Approx(expected).epsilon(1e-5));
  loss.name = "binary_crossentropy";
  CHECK(training_loss(loss, at::tensor({std::log(3.0F)}).reshape({1, 1}), at::tensor({1}, at::kLong)).item<double>() ==
        doctest::Approx(expected).epsilon(1e-5));
}

TEST_CASE("Class weights multiply each sample's loss and do not divide the sum") {
  TrainingLoss loss;
  loss.name = "sparse_categorical_crossentropy";
  const at::Tensor logits = at::tensor({0.0F, 0.0F, 0.0F, std::log(3.0F)}).reshape({2, 2}),
                   labels = at::tensor({0, 1}, at::kLong);
  loss.class_weights = at::tensor({3.0F, 0.5F});
  CHECK(training_loss(loss, logits, labels).item<double>() ==
        doctest::Approx((3 * std::log(2.0) + 0.5 * -std::log(0.75)) / 2).epsilon(1e-5));
  // The same of one unit, and of units that each tell by themselves.
  loss.name = "binary_crossentropy";
  const at::Tensor one = at::tensor({0.0F, std::log(3.0F)}).reshape({2, 1});
  CHECK(training_loss(loss, one, labels).item<double>() ==
        doctest::Approx((3 * std::log(2.0) + 0.5 * -std::log(0.75)) / 2).epsilon(1e-5));
  CHECK(training_loss(loss, logits, labels).item<double>() ==
        doctest::Approx((3 * std::log(2.0) + 0.5 * (std::log(2.0) - std::log(0.75)) / 2) / 2).epsilon(1e-5));
  CHECK(balancing_weights({30, 10}).allclose(at::tensor({40.0F / 60, 40.0F / 20})));
}
