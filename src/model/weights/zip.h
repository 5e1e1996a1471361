// Zip archives of torch.save: entries stored without compression under one top folder. Reads through libzip.
#pragma once

#include <memory>
#include <string>

#include "model/weights/blob.h"

struct zip;

namespace cvtool {

class ZipArchive {
 public:
  // Throws Error when `file` is not a whole zip archive. `origin` is the path.
  ZipArchive(const Blob& file, const std::string& origin);

  // `name` without the top folder ("data.pkl" for "archive/data.pkl"); an entry at the top is found too.
  bool has(const std::string& name) const;

  // Bytes of an entry. Throws Error when it is missing, compressed, damaged, or when all entries read so far
  // are together bigger than the file (entries that overlap: a zip bomb).
  Blob read(const std::string& name);

 private:
  int64_t find(const std::string& name) const;  // index, -1 when missing

  Blob file_;
  std::string origin_;
  std::shared_ptr<struct zip> archive_;
  std::string folder_;  // "archive/"
  uint64_t budget_bytes_;
};

}  // namespace cvtool
