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
  CHECK(loss("binary_crossentropy", tensor_from_json(golden["binary_logits"]),
             labels_of(golden["binary_labels"])) ==
        Approx(golden["binary_crossentropy_from_logits"].get<double>()).epsilon(1e-6));
}

TEST_CASE("Binary cross-entropy over several units is the mean over units and samples") {
  const at::Tensor logits = at::tensor({1.F, -2.F, 0.5F, 3.F}).reshape({2, 2}),
                   labels = at::tensor({0, 1}, at::kLong);
  const auto term = [](double z, double y) {
    return std::log1p(std::exp(-std::abs(z))) + std::max(z, 0.0) - z * y;
  };
  CHECK(loss("binary_crossentropy", logits, labels) ==
        Approx((term(1, 1) + term(-2, 0) + term(0.5, 0) + term(3, 1)) / 4));
}

TEST_CASE("Losses of huge logits stay finite, and those of bfloat16 are computed in float") {
  const at::Tensor logits = at::tensor({1e4F, -1e4F}).reshape({2, 1}), labels = at::tensor({0, 1}, at::kLong);
  CHECK(loss("binary_crossentropy", logits, labels) == Approx(1e4));
  CHECK(loss("sparse_categorical_crossentropy", at::cat({-logits, logits}, 1), labels) == Approx(2e4));
  CHECK((loss_from_logits("binary_crossentropy", logits.to(at::kBFloat16), labels).scalar_type() ==
        at::kFloat));
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
  CHECK_THROWS_AS(resolve_loss("categorical_crossentropy", 1), UsageError);
  CHECK(accuracy_name(1) == "binary_accuracy");
  CHECK(accuracy_name(2) == "accuracy");
}

TEST_CASE("Hits are counted as Keras counts them") {
  const at::Tensor one = at::tensor({0.1F, 0.F, -0.1F}).reshape({3, 1}),
                   labels = at::tensor({1, 1, 0}, at::kLong);
  CHECK(hits_from_logits(one, labels).item<int64_t>() == 2);  // p = 0.5 is class 0
  const at::Tensor three = at::tensor({0.F, 1.F, 2.F, 2.F, 1.F, 2.F}).reshape({2, 3});
  CHECK(hits_from_logits(three, at::tensor({2, 0}, at::kLong)).item<int64_t>() == 2);
}
