#include "search/scores.h"

#include <ATen/ATen.h>

#include <cmath>
#include <numeric>

#include "base/text.h"

namespace cvtool {
namespace {

double mean(const std::vector<double>& values) {
  return values.empty() ? 0 : std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// The mean of a - b, and its standard error.
struct PairedDifference {
  double mean = 0, error = 0;
};

PairedDifference paired_difference(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> differences;
  for (size_t i = 0; i < a.size(); ++i) differences.push_back(a[i] - b[i]);
  const double centre = mean(differences);
  double squares = 0;
  for (const double d : differences) squares += (d - centre) * (d - centre);
  const auto count = static_cast<double>(differences.size());
  return {centre, count > 1 ? std::sqrt(squares / (count - 1) / count) : 0};
}

}  // namespace

double PhotoScores::accuracy() const { return mean(right); }

double PhotoScores::mean_loss() const { return mean(loss); }

int64_t PhotoScores::mistakes() const {
  return static_cast<int64_t>(right.size()) - std::llround(std::accumulate(right.begin(), right.end(), 0.0));
}

std::string PhotoScores::text() const { return "accuracy " + fixed(accuracy(), 4) + ", loss " + fixed(mean_loss(), 4); }

PhotoScores PhotoScores::part(const std::vector<size_t>& rows) const {
  PhotoScores out;
  for (const size_t row : rows) {
    out.loss.push_back(loss.at(row));
    out.right.push_back(right.at(row));
    out.named.push_back(named.at(row));
  }
  return out;
}

PhotoScores PhotoScores::first(size_t count) const {
  std::vector<size_t> rows(count);
  std::iota(rows.begin(), rows.end(), size_t{0});
  return part(rows);
}

void PhotoScores::add(const PhotoScores& more) {
  loss.insert(loss.end(), more.loss.begin(), more.loss.end());
  right.insert(right.end(), more.right.begin(), more.right.end());
  named.insert(named.end(), more.named.begin(), more.named.end());
}

PhotoScores scores_of(const at::Tensor& log_probabilities, const at::Tensor& labels) {
  const at::Tensor loss = -log_probabilities.gather(1, labels.unsqueeze(1)).squeeze(1).contiguous();
  const at::Tensor named = log_probabilities.argmax(1).contiguous();
  const at::Tensor right = (named == labels).to(at::kDouble).contiguous();
  const auto numbers = [](const at::Tensor& t) {
    return std::vector<double>(t.data_ptr<double>(), t.data_ptr<double>() + t.numel());
  };
  return {numbers(loss), numbers(right),
          std::vector<int64_t>(named.data_ptr<int64_t>(), named.data_ptr<int64_t>() + named.numel())};
}

bool is_better(const PhotoScores& other, const PhotoScores& kept) {
  const PairedDifference accuracy = paired_difference(other.right, kept.right);
  if (accuracy.mean > accuracy.error) return true;
  const PairedDifference loss = paired_difference(kept.loss, other.loss);
  return accuracy.mean >= 0 && loss.mean > loss.error;
}

}  // namespace cvtool
