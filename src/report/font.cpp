#include "report/font.h"

#include <cmath>
#include <filesystem>
#include <opencv2/imgproc.hpp>
#if CVTOOL_HAS_FREETYPE
#include <opencv2/freetype.hpp>
#endif

#include "base/utf8.h"

namespace cvtool {
namespace {

constexpr double kCapitals = 0.73;  // height of capitals in units of the line's height

// OpenCV's line font knows ASCII only: every other sign becomes one '?'.
std::string ascii(const std::string& text) {
  std::string plain;
  for (unsigned char c : text) {
    if (c >= 32 && c < 127)
      plain += static_cast<char>(c);
    else if (begins_character(static_cast<char>(c)))
      plain += '?';
  }
  return plain;
}

double line_scale(double size_px) {
  return cv::getFontScaleFromHeight(cv::FONT_HERSHEY_SIMPLEX, std::max(4, static_cast<int>(size_px * kCapitals)), 1);
}

int line_thickness(double size_px) { return std::max(1, static_cast<int>(std::lround(size_px / 13))); }

}  // namespace

#if CVTOOL_HAS_FREETYPE
struct TextFont::Face {
  // putText and getTextSize are not const, though they change nothing that can be seen.
  cv::Ptr<cv::freetype::FreeType2> type;
};

TextFont::TextFont() {
  for (const char* path :
       {"/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", "/usr/share/fonts/dejavu-sans-fonts/DejaVuSans.ttf",
        "/usr/share/fonts/TTF/DejaVuSans.ttf", "/usr/share/fonts/truetype/liberation/LiberationSans-Regular.ttf"}) {
    std::error_code error;
    if (!std::filesystem::exists(path, error)) continue;
    face_ = std::make_unique<Face>();
    face_->type = cv::freetype::createFreeType2();
    face_->type->loadFontData(path, 0);
    return;
  }
}

double TextFont::width(const std::string& text, double size_px) const {
  if (text.empty()) return 0;
  int base = 0;
  if (face_) return face_->type->getTextSize(text, static_cast<int>(std::lround(size_px)), -1, &base).width;
  return cv::getTextSize(ascii(text), cv::FONT_HERSHEY_SIMPLEX, line_scale(size_px), line_thickness(size_px), &base)
      .width;
}

#else
struct TextFont::Face {};

TextFont::TextFont() = default;

double TextFont::width(const std::string& text, double size_px) const {
  int base = 0;
  return cv::getTextSize(ascii(text), cv::FONT_HERSHEY_SIMPLEX, line_scale(size_px), line_thickness(size_px), &base)
      .width;
}
#endif

TextFont::~TextFont() = default;

cv::Mat TextFont::strip(const std::string& text, double size_px, const cv::Size& size, int pad_px) const {
  cv::Mat ink = cv::Mat::zeros(size, CV_8UC3);
  const int baseline = static_cast<int>(std::lround((size.height + size_px * kCapitals) / 2));
#if CVTOOL_HAS_FREETYPE
  if (face_) {
    face_->type->putText(ink, text, {pad_px, baseline}, static_cast<int>(std::lround(size_px)), cv::Scalar::all(255),
                         -1, cv::LINE_AA, true);
    cv::Mat one;
    cv::extractChannel(ink, one, 0);
    return one;
  }
#endif
  cv::putText(ink, ascii(text), {pad_px, baseline}, cv::FONT_HERSHEY_SIMPLEX, line_scale(size_px), cv::Scalar::all(255),
              line_thickness(size_px), cv::LINE_AA);
  cv::Mat one;
  cv::extractChannel(ink, one, 0);
  return one;
}

}  // namespace cvtool
