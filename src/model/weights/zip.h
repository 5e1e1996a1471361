// Zip archives: those of torch.save, and those of TorchScript that model files are. Reads through libzip.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "model/weights/blob.h"

struct zip;

namespace cvtool {

enum class ZipKind {
  kStored,   // torch.save's: nothing is compressed, so all entries together are no bigger than the file
  kDeflated  // TorchScript's: code is compressed, weights are not; every byte of the file is accounted for
};

// All entries that are read are together no bigger than the file allows: what would unpack to more (a zip bomb, entries
// that overlap) is refused before any memory is taken for it.
class ZipArchive {
 public:
  // `origin`, the path, begins every Error and `next_step` ends it. Throws Error when `file` is not a whole zip
  // archive.
  ZipArchive(const Blob& file, std::string origin, ZipKind kind = ZipKind::kStored,
             std::string next_step = kFetchAgain);

  // `name` without the top folder, which is that of the first entry ("data.pkl" for "archive/data.pkl"); an entry at
  // the top is found too.
  bool has(const std::string& name) const { return find(name) >= 0; }

  // True when an entry lies in the folder `name` below the top one.
  bool has_folder(const std::string& name) const;

  // Bytes of an entry. Throws Error when it is missing, damaged, compressed in an archive that stores, or too big.
  Blob read(const std::string& name);

  // The content of the first entry whose name ends in `end`; "" where there is none.
  std::string text_ending(const std::string& end);

  // Reads every entry and compares its checksum. Throws Error for one that is damaged or too big.
  void check();

 private:
  int64_t find(const std::string& name) const;  // index, -1 when missing
  std::string name_of(uint64_t index) const;
  void unpack(uint64_t index, const std::function<void(std::string_view)>& take);
  [[noreturn]] void fail(const std::string& what) const { fail_weights(origin_, what, next_step_); }

  Blob file_;
  std::string origin_, next_step_;
  ZipKind kind_;
  std::shared_ptr<struct zip> archive_;
  uint64_t count_ = 0;
  std::string folder_;  // "archive/"
  uint64_t budget_bytes_;
};

}  // namespace cvtool
