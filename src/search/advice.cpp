#include "search/advice.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"

namespace cvtool {
namespace {

// Of fewer photos a class is not known when one of them is left out, and nothing is said of it.
constexpr int64_t kLeastPhotos = 5;

// A class, by what its photos are taken for when they are left out.
struct JudgedClass {
  size_t label = 0;
  int64_t photos = 0;
  double recall = 1;
  size_t taken_for = 0;  // the class that its mistakes go to most often
};

// The class with the smallest recall, where that is more than one standard error below all photos' accuracy.
const JudgedClass* weakest(const std::vector<JudgedClass>& found, double accuracy) {
  const JudgedClass* least = nullptr;
  for (const JudgedClass& one : found) {
    if (one.photos < kLeastPhotos) continue;
    const double error = std::sqrt(accuracy * (1 - accuracy) / static_cast<double>(one.photos));
    if (one.recall + error < accuracy && (least == nullptr || one.recall < least->recall)) least = &one;
  }
  return least;
}

std::vector<JudgedClass> by_class(const JudgedPhotos& judged, size_t classes) {
  std::vector<std::vector<int64_t>> confusion(classes, std::vector<int64_t>(classes));
  for (size_t i = 0; i < judged.photos.size(); ++i)
    ++confusion[static_cast<size_t>(judged.photos[i].label)][static_cast<size_t>(judged.scores.named[i])];
  std::vector<JudgedClass> found;
  for (size_t label = 0; label < classes; ++label) {
    std::vector<int64_t>& row = confusion[label];
    JudgedClass one;
    one.label = label;
    for (const int64_t count : row) one.photos += count;
    if (one.photos > 0) one.recall = static_cast<double>(row[label]) / static_cast<double>(one.photos);
    row[label] = -1;
    one.taken_for = static_cast<size_t>(std::max_element(row.begin(), row.end()) - row.begin());
    found.push_back(one);
  }
  return found;
}

std::string on_more_photos(const JudgedPhotos& judged) {
  if (judged.with_half.right.empty()) return "";
  const std::string figures = "fitted to half of the photos the head names " + fixed(judged.with_half.accuracy(), 4) +
                              " of photos left out right, to all " + fixed(judged.scores.accuracy(), 4);
  // A smaller loss at the same accuracy is of no use to whoever is to take photos.
  if (judged.scores.accuracy() > judged.with_half.accuracy() && is_better(judged.scores, judged.with_half))
    return "more photos would help: " + figures;
  return "more photos like these would help little: " + figures;
}

std::string on_classes(const JudgedPhotos& judged, const std::vector<JudgedClass>& found,
                       const std::vector<std::string>& classes) {
  const JudgedClass* weak = weakest(found, judged.scores.accuracy());
  if (weak == nullptr) return "";
  return "photos of " + classes[weak->label] + " would help most: of its " + counted(weak->photos, "photo") + " " +
         fixed(weak->recall, 4) + " are named right when left out, the rest mostly taken for " +
         classes[weak->taken_for];
}

std::string on_labels(const JudgedPhotos& judged, const std::vector<JudgedClass>& found,
                      const std::vector<std::string>& classes) {
  constexpr double kSurprise = 4.6;  // a probability of a hundredth
  constexpr size_t kMostShown = 3;
  std::vector<size_t> odd;
  for (size_t i = 0; i < judged.photos.size(); ++i)
    if (judged.scores.loss[i] > kSurprise && judged.scores.right[i] == 0 &&
        found[static_cast<size_t>(judged.photos[i].label)].photos >= kLeastPhotos)
      odd.push_back(i);
  if (odd.empty()) return "";
  std::sort(odd.begin(), odd.end(), [&](size_t a, size_t b) {
    return judged.scores.loss[a] != judged.scores.loss[b] ? judged.scores.loss[a] > judged.scores.loss[b] : a < b;
  });
  std::vector<std::string> shown;
  for (const size_t i : odd) {
    const Sample& photo = judged.photos[i];
    shown.push_back(photo.path + " (" + classes[static_cast<size_t>(photo.label)] + ", looks like " +
                    classes[static_cast<size_t>(judged.scores.named[i])] + ")");
  }
  return "labels to look at: " + named_list(shown, kMostShown);
}

}  // namespace

std::vector<std::string> advice_on(const JudgedPhotos& judged, const std::vector<std::string>& classes) {
  if (judged.photos.size() < kPhotosForAdvice) return {};
  const std::vector<JudgedClass> found = by_class(judged, classes.size());
  std::vector<std::string> advice;
  for (const std::string& sentence :
       {on_more_photos(judged), on_classes(judged, found, classes), on_labels(judged, found, classes)})
    if (!sentence.empty()) advice.push_back(sentence);
  return advice;
}

}  // namespace cvtool
