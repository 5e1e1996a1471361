#include "evaluate/eval_work.h"

#include "run/share.h"

namespace cvtool {

OpenedSplit open_photos(const EvalWork& work, PhotoRequest photos, const Recipe& recipe) {
  photos.shared = reading_of(work.ranks);
  return open_split(photos, recipe.data, work.request.run, work.observer);
}

Outputs answers_to(const EvalWork& work, const OpenedModel& model, const OpenedSplit& split) {
  return outputs_of(model.predictor, *split.store, {model.recipe.train.loss, work.request.batch, work.ranks},
                    work.observer);
}

}  // namespace cvtool
