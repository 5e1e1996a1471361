// DIR/CLASS/** -> DIR/{train,valid,test}/CLASS/**, for programs that want the splits as folders.
#pragma once

#include <functional>
#include <string>

#include "spec/data_results.h"
#include "spec/requests.h"

namespace cvtool {

using SplitProgress = std::function<void(int64_t done, int64_t total)>;  // may end the work by throwing

// Each photo goes where find_dataset would put it. What is there is never overwritten: everything is compared
// before anything is touched, and a file of that name with other content, or the same photo in another split,
// is a DataError. Doing it again places what is new. When anything fails, or progress throws, what was placed
// is taken back (moved files are put back), so that source and target are as before; a move that was killed
// is put back by the next call, from a journal in the target. Photos in folders below a class stay in such
// folders. Links are symbolic and absolute.
SplitResult split_folder(const SplitRequest& request, const SplitProgress& progress = {});

}  // namespace cvtool
