// What was decided about wrong labels, applied to a folder of classes.
#pragma once

#include <functional>
#include <string>

#include "spec/audit.h"

namespace cvtool {

using FixProgress = std::function<void(int64_t done, int64_t total)>;  // may end the work by throwing

// A photo with another label goes into the folder of that class, in its split; where its name is taken there, under
// NAME_from_CLASS. Nothing is ever deleted or overwritten, and everything is checked before anything is touched:
// photos that are not there, unknown classes and actions, and photos that lie in another class than the fixes say are
// DataErrors.
// With request.into the photos are copied there as they should be, without the dropped ones; doing it again completes
// it. In place they are moved, the dropped ones into DIR/.cvtool-dropped, and beside the fixes a file NAME-undo.csv is
// written first, by which a move that was killed is gone on with (the same call) or put back. With request.undo
// request.fixes is such a file. When anything fails, or progress throws, what was done is taken back.
FixResult fix_labels(const FixRequest& request, const FixProgress& progress = {});

}  // namespace cvtool
