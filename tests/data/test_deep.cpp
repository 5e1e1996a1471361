// Photos of 16 bits: decoded, resized and kept as they are.
#include "data/loader.h"  // before doctest: what it includes has a CHECK of its own

#include <ATen/ATen.h>

#include <doctest/doctest.h>
#include <tiffio.h>

#include <cstring>
#include <opencv2/core.hpp>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "data/image.h"
#include "data/image_tensor.h"
#include "data/oracle.h"
#include "data/pixel_config.h"
#include "data/temp_folder.h"

using namespace cvtool;

namespace {

constexpr PixelFormat kDeepGrey{1, 16}, kDeepColours{3, 16};

cv::Mat deep_noise(int height, int width, int channels) {
  cv::Mat image(height, width, CV_16UC(channels));
  cv::RNG random(3);
  random.fill(image, cv::RNG::UNIFORM, 0, 65536);
  return image;
}

cv::Mat decoded(const std::string& bytes, const PixelFormat& pixels) { return decode_for_net(bytes, {}, pixels); }

bool same(const cv::Mat& a, const cv::Mat& b) {
  return a.type() == b.type() && a.size() == b.size() && cv::norm(a, b, cv::NORM_INF) == 0;
}

// OpenCV writes and reads BGR.
cv::Mat swapped(const cv::Mat& image) {
  cv::Mat out;
  cv::cvtColor(image, out, cv::COLOR_BGR2RGB);
  return out;
}

struct TiffKind {
  bool tiled = false, apart = false, inverted = false;
  int alpha = -1;  // kind of the last sample
  int compression = COMPRESSION_NONE;
};

// `samples` CV_16U of 1 to 4 channels, as a TIFF of that kind.
std::string tiff_of(const TempFolder& folder, const cv::Mat& samples, const TiffKind& kind) {
  const std::string path = folder / "made.tif";
  TIFF* tiff = TIFFOpen(path.c_str(), "w");
  REQUIRE(tiff);
  const int colours = samples.channels() - (kind.alpha >= 0 ? 1 : 0);
  TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, samples.cols);
  TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, samples.rows);
  TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, 16);
  TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, samples.channels());
  TIFFSetField(tiff, TIFFTAG_COMPRESSION, kind.compression);
  TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, kind.apart ? PLANARCONFIG_SEPARATE : PLANARCONFIG_CONTIG);
  TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC,
               colours == 3    ? PHOTOMETRIC_RGB
               : kind.inverted ? PHOTOMETRIC_MINISWHITE
                               : PHOTOMETRIC_MINISBLACK);
  if (kind.alpha >= 0) {
    const auto extra = static_cast<uint16_t>(kind.alpha);
    TIFFSetField(tiff, TIFFTAG_EXTRASAMPLES, 1, &extra);
  }
  constexpr int kTile = 16;
  if (kind.tiled) {
    TIFFSetField(tiff, TIFFTAG_TILEWIDTH, kTile);
    TIFFSetField(tiff, TIFFTAG_TILELENGTH, kTile);
  } else {
    TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, 3);
  }
  std::vector<cv::Mat> planes{samples};
  if (kind.apart) cv::split(samples, planes);
  for (size_t p = 0; p < planes.size(); ++p) {
    const auto plane = static_cast<uint16_t>(p);
    cv::Mat padded;
    cv::copyMakeBorder(planes[p], padded, 0, kTile, 0, kTile, cv::BORDER_REPLICATE);
    for (int y = 0; y < samples.rows; y += kind.tiled ? kTile : 1)
      for (int x = 0; x < (kind.tiled ? samples.cols : 1); x += kTile) {
        cv::Mat part = kind.tiled ? padded(cv::Rect(x, y, kTile, kTile)).clone() : planes[p].row(y).clone();
        if (kind.tiled)
          TIFFWriteTile(tiff, part.data, static_cast<uint32_t>(x), static_cast<uint32_t>(y), 0, plane);
        else
          TIFFWriteScanline(tiff, part.data, static_cast<uint32_t>(y), plane);
      }
  }
  TIFFClose(tiff);
  return read_file(path);
}

}  // namespace

TEST_CASE("PNG, TIFF and PPM of 16 bits keep every value, in colour and in grey") {
  const cv::Mat colours = deep_noise(21, 35, 3), grey = deep_noise(21, 35, 1);
  cv::Mat three;
  cv::merge(std::vector<cv::Mat>(3, grey), three);
  for (const char* kind : {".png", ".tiff", ".ppm"}) {
    CAPTURE(kind);
    CHECK(same(decoded(encoded(swapped(colours), kind), kDeepColours), colours));
  }
  for (const char* kind : {".png", ".tiff", ".pgm"}) {
    CAPTURE(kind);
    CHECK(same(decoded(encoded(grey, kind), kDeepColours), three));
    CHECK(same(decoded(encoded(grey, kind), kDeepGrey), grey));
  }
}

TEST_CASE("Sixteen bits in colour become the luma of Pillow's weights in grey") {
  const cv::Mat colours = deep_noise(9, 14, 3);
  const cv::Mat grey = decoded(encoded(swapped(colours), ".png"), kDeepGrey);
  REQUIRE(grey.type() == CV_16UC1);
  for (int y = 0; y < grey.rows; ++y)
    for (int x = 0; x < grey.cols; ++x) {
      const auto& rgb = colours.at<cv::Vec3w>(y, x);
      CHECK(std::abs(grey.at<uint16_t>(y, x) - (0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2])) < 1);
    }
}

TEST_CASE("TIFF of 16 bits is read in strips and tiles, compressed, with planes apart and with white as 0") {
  const TempFolder folder;
  for (const int channels : {1, 3})
    for (const bool tiled : {false, true})
      for (const bool apart : {false, true})
        for (const int compression : {COMPRESSION_NONE, COMPRESSION_LZW, COMPRESSION_ADOBE_DEFLATE}) {
          CAPTURE(channels);
          CAPTURE(tiled);
          CAPTURE(apart);
          CAPTURE(compression);
          const cv::Mat samples = deep_noise(21, 35, channels);
          const std::string bytes = tiff_of(folder, samples, {tiled, apart, false, -1, compression});
          CHECK(same(decoded(bytes, {channels, 16}), samples));
        }
  const cv::Mat samples = deep_noise(21, 35, 1);
  cv::Mat negative = cv::Scalar::all(65535) - samples;
  CHECK(same(decoded(tiff_of(folder, samples, {false, false, true}), kDeepGrey), negative));
}

TEST_CASE("Alpha of 16 bits is composed over white, in PNG and in both kinds of TIFF") {
  const TempFolder folder;
  const cv::Mat rgba = deep_noise(9, 14, 4);
  cv::Mat bgra;
  cv::cvtColor(rgba, bgra, cv::COLOR_RGBA2BGRA);
  const cv::Mat plain = decoded(encoded(bgra, ".png"), kDeepColours);
  CHECK(same(plain, decoded(tiff_of(folder, rgba, {false, false, false, EXTRASAMPLE_UNASSALPHA}), kDeepColours)));
  cv::Mat multiplied = rgba.clone();
  for (auto& pixel : cv::Mat_<cv::Vec4w>(multiplied))
    for (int c = 0; c < 3; ++c) pixel[c] = cv::saturate_cast<uint16_t>(pixel[c] * (pixel[3] / 65535.0));
  const cv::Mat associated =
      decoded(tiff_of(folder, multiplied, {true, true, false, EXTRASAMPLE_ASSOCALPHA}), kDeepColours);
  CHECK(cv::norm(plain, associated, cv::NORM_INF) <= 1);
  for (int y = 0; y < plain.rows; ++y)
    for (int x = 0; x < plain.cols; ++x)
      for (int c = 0; c < 3; ++c) {
        const auto& in = rgba.at<cv::Vec4w>(y, x);
        const double alpha = in[3] / 65535.0;
        CHECK(std::abs(plain.at<cv::Vec3w>(y, x)[c] - (in[c] * alpha + 65535 * (1 - alpha))) <= 0.5 + 1e-6);
      }
}

TEST_CASE("Photos of 8 bits are times 257, and what looks at photos for people still has 8 bits of all") {
  const std::set<std::string> deep{"deep.png", "deep.ppm"};
  for (const auto& row : oracle_table("decode.tsv")) {
    CAPTURE(row[0]);
    const std::string bytes = read_file(oracle_pictures() / row[0]);
    const cv::Mat eight = decode_image(bytes, {});
    cv::Mat times;
    eight.convertTo(times, CV_16U, 257);
    const cv::Mat sixteen = decoded(bytes, kDeepColours);
    REQUIRE(sixteen.type() == CV_16UC3);
    // Of a file of 16 bits the 8 are the nearest ones.
    CHECK(cv::norm(sixteen, times, cv::NORM_INF) <= (deep.count(row[0]) ? 129 : 0));
    CHECK((cv::norm(sixteen, times, cv::NORM_INF) > 0) == (deep.count(row[0]) > 0));
  }
}

TEST_CASE("Resizing 16 bits agrees with PyTorch in float64") {
  int compared = 0;
  for (const auto& row : oracle_table("deep.tsv")) {
    CAPTURE(row[0]);
    CAPTURE(row[1]);
    DataConfig config = config_of(kDeepGrey);
    config.imgsz = {40, 56};
    config.interpolation = row[1];
    const cv::Mat out = decode_resized(read_file(oracle_pictures() / (row[0] + ".png")), {}, config);
    REQUIRE(out.type() == CV_16UC1);
    const std::string raw = read_file(oracle_pictures() / (row[0] + "." + row[1] + ".f64"));
    REQUIRE(raw.size() == 40 * 56 * sizeof(double));
    const auto* expected = reinterpret_cast<const double*>(raw.data());
    double worst = 0;
    for (int i = 0; i < 40 * 56; ++i) worst = std::max(worst, std::abs(out.ptr<uint16_t>()[i] - expected[i]));
    // Half a step is the rounding, and a place between pixels has 24 bits.
    CHECK(worst <= (row[1] == "nearest" ? 0 : 1.5));
    ++compared;
  }
  CHECK(compared == 20);
}

TEST_CASE("Three channels of 16 bits are resized as each by itself") {
  const cv::Mat colours = deep_noise(37, 53, 3);
  for (const char* interpolation :
       {"nearest", "bilinear", "bicubic", "area", "lanczos", "bilinear_antialias", "bicubic_antialias"})
    for (const char* resize : {"stretch", "crop", "pad"}) {
      CAPTURE(interpolation);
      CAPTURE(resize);
      DataConfig config = config_of(kDeepColours);
      config.interpolation = interpolation;
      config.resize = resize;
      std::vector<cv::Mat> planes;
      cv::split(colours, planes);
      for (cv::Mat& plane : planes) plane = resize_image(plane, config);
      cv::Mat together;
      cv::merge(planes, together);
      CHECK(same(resize_image(colours, config), together));
    }
}

TEST_CASE("A store of depth 16 gives floats of 0 to 255 with what lies between bytes, from the cache too") {
  TempFolder folder;
  folder.write("a/deep.png", encoded(swapped(deep_noise(8, 12, 3)), ".png"));
  folder.write_photo("b/flat.png", 5, {12, 8});
  const DataConfig config = config_of(kDeepColours);
  const Dataset dataset = find_dataset(folder.path(), config, 1);
  LoaderOptions options;
  options.data = config;
  PhotoStore kept(dataset.root, dataset.train, options);
  options.cache = "none";
  PhotoStore anew(dataset.root, dataset.train, options);
  options.data.depth = 8;
  PhotoStore bytes(dataset.root, dataset.train, options);
  for (PhotoStore* store : {&kept, &anew, &bytes}) REQUIRE(store->scan().empty());
  CHECK(kept.pixel_key() != bytes.pixel_key());
  const at::Tensor deep = read_batch(kept, in_order(2)).pixels, plain = read_batch(bytes, in_order(2)).pixels;
  REQUIRE((deep.scalar_type() == at::kFloat));
  CHECK(deep.is_contiguous(at::MemoryFormat::ChannelsLast));
  CHECK(deep.equal(read_batch(anew, in_order(2)).pixels));
  CHECK((plain.scalar_type() == at::kByte));
  const int64_t of_8 = dataset.train[0].path == "b/flat.png" ? 0 : 1;
  CHECK(deep[of_8].equal(plain[of_8].to(at::kFloat)));
  const at::Tensor differs = deep[1 - of_8] - plain[1 - of_8].to(at::kFloat);
  CHECK(differs.abs().max().item<float>() < 0.51f);
  CHECK(differs.abs().mean().item<float>() > 0.2f);
  const at::Tensor steps = deep * 257;
  CHECK((steps - steps.round()).abs().max().item<float>() < 0.02f);
}

TEST_CASE("Files of 16 bits that are cut off are refused with the reason") {
  for (const char* kind : {".png", ".tiff", ".ppm"}) {
    CAPTURE(kind);
    const std::string bytes = encoded(deep_noise(40, 60, 3), kind);
    for (const size_t length : {bytes.size() / 2, bytes.size() / 4})
      CHECK_THROWS_AS(decoded(bytes.substr(0, length), kDeepColours), DataError);
  }
}
