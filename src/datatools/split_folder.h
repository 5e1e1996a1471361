// DIR/CLASS/** -> DIR/{train,valid,test}/CLASS/**, for programs that want the splits as folders.
#pragma once

#include <functional>
#include <string>

#include "base/json.h"
#include "spec/requests.h"

namespace cvtool {

using SplitProgress = std::function<void(int64_t done, int64_t total)>;  // may end the work by throwing

struct SplitFolderResult {
  int64_t train = 0, valid = 0, test = 0;  // photos in each split, the ones that were there included
  int64_t placed = 0, there = 0;           // placed now; found in place from an earlier time
  int64_t undone = 0;                      // put back first: left of a move that was killed
};

// Each photo goes where find_dataset would put it. What is there is never overwritten: everything is compared
// before anything is touched, and a file of that name with other content, or the same photo in another split,
// is a DataError. Doing it again places what is new. When anything fails, or progress throws, what was placed
// is taken back (moved files are put back), so that source and target are as before; a move that was killed
// is put back by the next call, from a journal in the target. Photos in folders below a class stay in such
// folders. Links are symbolic and absolute.
SplitFolderResult split_folder(const SplitRequest& request, const SplitProgress& progress = {});

Json json_from_result(const SplitFolderResult& result);

}  // namespace cvtool
