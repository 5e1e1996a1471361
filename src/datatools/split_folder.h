// DIR/CLASS/** -> DIR/{train,valid,test}/CLASS/**, for programs that want the splits as folders.
#pragma once

#include <functional>
#include <string>

#include "spec/data_results.h"

namespace cvtool {

struct SplitFolderOptions {
  double valid = 0.1, test = 0.1;  // fractions; 0: none
  std::string how = "copy";        // copy, link (symbolic, absolute) or move
  uint64_t seed = 0;
  std::function<void(int64_t done, int64_t total)> progress;  // may end the work by throwing
};

// Each photo goes where find_dataset would put it. What is there is never overwritten: everything is compared
// before anything is touched, and a file of that name with other content, or the same photo in another split,
// is a DataError. Doing it again places what is new. When anything fails, or progress throws, what was placed
// is taken back (moved files are put back), so that source and target are as before; a move that was killed
// is put back by the next call, from a journal in the target. Photos in folders below a class stay in such
// folders.
SplitResult split_folder(const std::string& source, const std::string& target, const SplitFolderOptions& options);

}  // namespace cvtool
