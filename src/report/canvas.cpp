#include "report/canvas.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <opencv2/imgproc.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/text.h"
#include "base/utf8.h"
#include "report/image_file.h"

#if CVTOOL_HAS_FREETYPE
#include <opencv2/freetype.hpp>
#endif

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

constexpr int kShift = 4;  // coordinates handed to OpenCV are in 1/16 pixels

cv::Scalar scalar(const Ink& ink) { return {double(ink.red), double(ink.green), double(ink.blue)}; }

// OpenCV's coordinates are 32 bits wide: far away points are pulled in, which moves no visible pixel much.
double near(double pixels) { return std::isnan(pixels) ? 0 : std::clamp(pixels, -20000.0, 20000.0); }

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
  int baseline = 0;
  if (face_) return face_->type->getTextSize(text, static_cast<int>(std::lround(size_px)), -1, &baseline).width;
  return cv::getTextSize(ascii(text), cv::FONT_HERSHEY_SIMPLEX, line_scale(size_px), line_thickness(size_px), &baseline)
      .width;
}

#else
struct TextFont::Face {};

TextFont::TextFont() = default;

double TextFont::width(const std::string& text, double size_px) const {
  int baseline = 0;
  return cv::getTextSize(ascii(text), cv::FONT_HERSHEY_SIMPLEX, line_scale(size_px), line_thickness(size_px), &baseline)
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

struct Canvas::Font : TextFont {};

Ink series_ink(size_t index) {
  static constexpr Ink kInks[] = {{0, 114, 178}, {213, 94, 0},   {0, 158, 115},  {204, 121, 167},
                                  {230, 159, 0}, {86, 180, 233}, {110, 110, 110}};
  return kInks[index % std::size(kInks)];
}

Ink blended(const Ink& a, const Ink& b, double fraction) {
  const auto mix = [fraction](int from, int to) {
    return static_cast<int>(std::lround(from + (to - from) * fraction));
  };
  return {mix(a.red, b.red), mix(a.green, b.green), mix(a.blue, b.blue)};
}

Canvas::Canvas(int width_px, int height_px, int finer) : width_px_(width_px), height_px_(height_px), finer_(finer) {
  if (width_px < 1 || height_px < 1 || width_px > 16000 || height_px > 16000) {
    throw Error("a picture of " + std::to_string(width_px) + " x " + std::to_string(height_px) +
                " pixels cannot be drawn");
  }
  sheet_.create(height_px * finer_, width_px * finer_, CV_8UC3);
  sheet_.setTo(scalar(kWhite));
  font_ = std::make_unique<Font>();
}

Canvas::~Canvas() = default;

cv::Point Canvas::on_sheet(const cv::Point2d& p) const {
  const double unit = finer_ * (1 << kShift);
  // Half a fine pixel less: OpenCV's whole coordinates are the middles of pixels.
  return {static_cast<int>(std::lround(near(p.x) * unit - 8)), static_cast<int>(std::lround(near(p.y) * unit - 8))};
}

void Canvas::line(const cv::Point2d& from, const cv::Point2d& to, const Ink& ink, double width_px) {
  cv::line(sheet_, on_sheet(from), on_sheet(to), scalar(ink),
           std::max(1, static_cast<int>(std::lround(width_px * finer_))), cv::LINE_AA, kShift);
}

void Canvas::path(const std::vector<cv::Point2d>& points, const Ink& ink, double width_px, double dash_px) {
  double along = 0;  // of the dash pattern
  for (size_t i = 1; i < points.size(); ++i) {
    const cv::Point2d from = points[i - 1], step = points[i] - from;
    const double length = std::hypot(step.x, step.y);
    if (dash_px <= 0 || length > 50000) {
      line(from, points[i], ink, width_px);
      continue;
    }
    for (double at = 0; at < length;) {
      const double phase = std::fmod(along + at, 2 * dash_px);
      const double end = std::min(length, at + std::max((phase < dash_px ? dash_px : 2 * dash_px) - phase, 1e-3));
      if (phase < dash_px) line(from + step * (at / length), from + step * (end / length), ink, width_px);
      at = end;
    }
    along += length;
  }
}

void Canvas::fill(const cv::Rect2d& box, const Ink& ink) {
  const auto edge = [this](double pixels) { return static_cast<int>(std::lround(near(pixels) * finer_)); };
  const cv::Rect area(cv::Point(edge(box.x), edge(box.y)),
                      cv::Point(edge(box.x + box.width), edge(box.y + box.height)));
  const cv::Rect inside = area & cv::Rect({}, sheet_.size());
  if (!inside.empty()) sheet_(inside).setTo(scalar(ink));
}

void Canvas::frame(const cv::Rect2d& box, const Ink& ink, double width_px) {
  const double x1 = box.x + box.width, y1 = box.y + box.height;
  path({{box.x, box.y}, {x1, box.y}, {x1, y1}, {box.x, y1}, {box.x, box.y}}, ink, width_px);
}

void Canvas::dot(const cv::Point2d& centre, double radius_px, const Ink& ink) {
  const int radius = static_cast<int>(std::lround(radius_px * finer_ * (1 << kShift)));
  cv::circle(sheet_, on_sheet(centre), radius, scalar(ink), cv::FILLED, cv::LINE_AA, kShift);
}

void Canvas::picture(const cv::Mat& rgb, const cv::Rect2d& box) {
  const cv::Rect area(static_cast<int>(std::lround(box.x * finer_)), static_cast<int>(std::lround(box.y * finer_)),
                      std::max(1, static_cast<int>(std::lround(box.width * finer_))),
                      std::max(1, static_cast<int>(std::lround(box.height * finer_))));
  if ((area & cv::Rect({}, sheet_.size())) != area) throw Error("a picture does not fit on its sheet");
  const bool smaller = area.width < rgb.cols || area.height < rgb.rows;
  cv::resize(rgb, sheet_(area), area.size(), 0, 0, smaller ? cv::INTER_AREA : cv::INTER_LINEAR);
}

double Canvas::text_width(const std::string& text, double size_px) const {
  return font_->width(text, size_px * finer_) / finer_;
}

std::string Canvas::fitted(const std::string& text, double size_px, double room_px) const {
  if (text_width(text, size_px) <= room_px) return text;
  std::string kept = text;
  while (!kept.empty()) {
    while (kept.size() > 1 && !begins_character(kept.back())) kept.pop_back();
    kept.pop_back();
    if (text_width(kept + "...", size_px) <= room_px) return kept.empty() ? "" : kept + "...";
  }
  return "";
}

void Canvas::text(const std::string& text, const cv::Point2d& at, const TextStyle& style) {
  if (text.empty()) return;
  const double size = style.size_px * finer_, wide = font_->width(text, size);
  const double fraction = style.align == Align::kLeft ? 0 : style.align == Align::kCentre ? 0.5 : 1;
  const int pad = 4, w = static_cast<int>(std::ceil(wide)) + 2 * pad, h = static_cast<int>(std::ceil(size * 1.5));
  // The text's own strip: how much ink each of its pixels takes, turned when vertical, then laid on the
  // sheet.
  cv::Mat strip = font_->strip(text, size, {w, h}, pad);
  double x = at.x * finer_ - fraction * wide - pad, y = at.y * finer_ - h / 2.0;
  if (style.vertical) {
    cv::rotate(strip, strip, cv::ROTATE_90_COUNTERCLOCKWISE);
    x = at.x * finer_ - h / 2.0;
    y = at.y * finer_ - (1 - fraction) * wide - pad;
  }
  const cv::Point corner(static_cast<int>(std::lround(x)), static_cast<int>(std::lround(y)));
  const cv::Rect area = cv::Rect(corner, strip.size()) & cv::Rect({}, sheet_.size());
  if (area.empty()) return;
  const cv::Scalar ink = scalar(style.ink);
  for (int row = area.y; row < area.y + area.height; ++row) {
    for (int col = area.x; col < area.x + area.width; ++col) {
      const double cover = strip.at<uchar>(row - corner.y, col - corner.x) / 255.0;
      auto& pixel = sheet_.at<cv::Vec3b>(row, col);
      for (int c = 0; c < 3; ++c) pixel[c] = cv::saturate_cast<uchar>(pixel[c] * (1 - cover) + ink[c] * cover);
    }
  }
}

cv::Mat Canvas::pixels() const {
  cv::Mat reduced;
  cv::resize(sheet_, reduced, {width_px_, height_px_}, 0, 0, cv::INTER_AREA);
  return reduced;
}

void write_picture(const std::string& path, const Canvas& canvas) {
  write_file_atomically(path, image_bytes(path, canvas.pixels(), kPictureQuality));
}

}  // namespace cvtool
