// The files that predict may leave behind: photos with labels drawn on them, photos sorted into folders by class.
#pragma once

#include <string>
#include <vector>

#include "data/image.h"
#include "data/photo_paths.h"
#include "spec/engine.h"

namespace cvtool {

class PredictFiles {
 public:
  // Throws Error when a folder cannot be made.
  PredictFiles(const PredictOptions& options, std::vector<std::string> classes, const DecodeOptions& decode);

  // Writes what was asked for about a photo that was predicted, and replaces no file but the one that was drawn from
  // the same photo before. Throws DataError when the photo is to blame (it has gone, its name is too long),
  // cv::Exception or std::bad_alloc when it cannot be drawn, Error when the folders are to blame.
  void add(const PhotoSource& source, const ImageResult& result) const;

 private:
  void draw(const PhotoSource& source, const ImageResult& result) const;
  void sort(const PhotoSource& source, const ImageResult& result) const;
  // Throws DataError saying that it cannot be drawn, and why.
  cv::Mat picture_of(const PhotoSource& source) const;

  PredictOptions options_;
  std::vector<std::string> classes_;
  DecodeOptions decode_;
};

}  // namespace cvtool
