// How photos become tensors and how they are split: the `data` section of a recipe.
#pragma once

#include "base/fields.h"

namespace cvtool {

// The columns of a CSV file of photos, or the keys of a JSON Lines file, where their names and their content do not
// tell.
struct ColumnNames {
  std::string path_column, label_column, split_column, group_column;
};

template <class Visitor>
void fields(ColumnNames& c, Visitor&& visit) {
  visit("path_column", c.path_column,
        Doc("column of a CSV file, or key of a JSON Lines file, that holds the paths")
            .means("empty", "found by name or content")
            .takes("NAME"));
  visit("label_column", c.label_column,
        Doc("column that holds the labels").means("empty", "found by name or content").takes("NAME"));
  visit("split_column", c.split_column,
        Doc("column that holds the splits").means("empty", "found by name").takes("NAME"));
  visit("group_column", c.group_column,
        Doc("column of what photos have in common (a patient, an animal): the photos of a group are held out together")
            .means("empty", "found by name, 'group'")
            .takes("NAME"));
}

// What a photo is as pixels.
struct PixelFormat {
  int64_t channels = 3;  // 3: RGB, 1: grey
  int64_t depth = 8;     // bits of a value
};

template <class Visitor>
void fields(PixelFormat& p, Visitor&& visit) {
  visit("channels", p.channels,
        Doc("channels of a photo, 3 for RGB and 1 for grey; a base sees grey as three equal channels").numbers({1, 3}));
  visit("depth", p.depth, Doc("bits of a value; 16 keeps those of 16-bit PNG, TIFF and PPM files").numbers({8, 16}));
}

// The shape of so many pictures as a tensor.
inline std::vector<int64_t> batch_shape(int64_t count, const ImageSize& size, const PixelFormat& pixels) {
  return {count, pixels.channels, size.height, size.width};
}

inline Doc photo_group_doc() {
  return Doc("photos that stay on one side of every split, such as those of one patient: folder (below the class's) "
             "or a regular expression for the file's name, of which the part in brackets names the group")
      .means("empty", "each photo by itself")
      .takes("folder|PATTERN");
}

struct DataConfig : ColumnNames, PixelFormat {
  ImageSize imgsz{160, 160};
  std::string resize = "stretch";
  std::string interpolation = "bilinear";
  bool exif = true;
  double valid = 0.2;
  double test = 0.0;
  double calibration = 0.0;
  std::string group;
  int64_t folds = 0, fold = 0;
  std::vector<std::string> classes;
};

template <class Visitor>
void fields(DataConfig& c, Visitor&& visit) {
  visit("imgsz", c.imgsz,
        Doc("size the photos are resized to, in pixels: N or HEIGHTxWIDTH").range(1, 8192).alias("--img-size"));
  fields(static_cast<PixelFormat&>(c), visit);
  visit("resize", c.resize, Doc("how a photo of another aspect fits").words({"stretch", "crop", "pad"}));
  visit("interpolation", c.interpolation,
        Doc("how pixels are interpolated; nearest and bilinear are Keras's, exactly")
            .words({"nearest", "bilinear", "bicubic", "area", "lanczos", "bilinear_antialias", "bicubic_antialias"}));
  visit("exif", c.exif, Doc("obey the orientation that cameras note in EXIF"));
  visit("valid", c.valid,
        Doc("fraction held out for validation where the data has no validation folder").range(0, 0.9));
  visit("test", c.test, Doc("fraction held out for testing where the data has no test folder").range(0, 0.9));
  visit("calibration", c.calibration,
        Doc("fraction of the training photos held back to calibrate the finished model with: they train nothing and "
            "choose nothing (predict --coverage, --unknown)")
            .range(0, 0.9));
  visit("group", c.group, photo_group_doc());
  visit("folds", c.folds,
        Doc("cross-validation: deal the photos into so many folds, and train as many models, each validated on the "
            "fold that it has not seen")
            .means("0", "no")
            .range(0, 100)
            .takes("K"));
  visit("fold", c.fold,
        Doc("with --folds: train the one model that is validated on this fold")
            .means("0", "all of them")
            .range(0, 100)
            .takes("I"));
  visit("classes", c.classes, Doc("class names in order").means("empty", "the folders' names in code-point order"));
  fields(static_cast<ColumnNames&>(c), visit);
}

// The same, but nothing is held out.
inline DataConfig in_one_piece(DataConfig data) {
  data.valid = data.test = data.calibration = 0;
  data.group.clear();
  data.folds = data.fold = 0;
  return data;
}

}  // namespace cvtool
