// HEIC and AVIF through libheif: the primary picture, upright as the file says (irot, imir); alpha over white.
#include <libheif/heif.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <string>

#include "base/error.h"
#include "base/text.h"
#include "data/decode/decoders.h"
#include "data/decode/heif_references.h"
#include "data/decode/image_format.h"

namespace cvtool {
namespace {

using HeifContext = std::unique_ptr<heif_context, void (*)(heif_context*)>;
using HeifHandle = std::unique_ptr<const heif_image_handle, void (*)(const heif_image_handle*)>;
using HeifImage = std::unique_ptr<const heif_image, void (*)(const heif_image*)>;
using HeifOptions = std::unique_ptr<heif_decoding_options, void (*)(heif_decoding_options*)>;

class HeifReader {
 public:
  HeifReader(const std::string& bytes, const DecodeOptions& options)
      : name_(format_name(image_format(bytes))), options_(options) {
    check_heif_references(bytes);
    // A thread decodes one photo; libheif would start more.
    heif_context_set_max_decoding_threads(context_.get(), 0);
    limit_memory();
    check(heif_context_read_from_memory_without_copy(context_.get(), bytes.data(), bytes.size(), nullptr));
  }

  DecodedImage read() {
    heif_image_handle* primary = nullptr;
    check(heif_context_get_primary_image_handle(context_.get(), &primary));
    const HeifHandle handle(primary, heif_image_handle_release);
    check_pixel_count(heif_image_handle_get_height(primary), heif_image_handle_get_width(primary), options_);
    const bool alpha = heif_image_handle_has_alpha_channel(primary) != 0;
    const bool premultiplied = alpha && heif_image_handle_is_premultiplied_alpha(primary) != 0;
    const HeifOptions how(heif_decoding_options_alloc(), heif_decoding_options_free);
    how->convert_hdr_to_8bit = 1;
    heif_image* decoded = nullptr;
    check(heif_decode_image(primary, &decoded, heif_colorspace_RGB,
                            alpha ? heif_chroma_interleaved_RGBA : heif_chroma_interleaved_RGB, how.get()));
    const HeifImage image(decoded, heif_image_release);
    // Their number alone: the texts of libheif 1.15 are not valid any more where there are several.
    const int warnings = heif_image_get_decoding_warnings(decoded, 0, nullptr, 0);
    return {pixels_of(decoded, alpha, premultiplied), 1,
            warnings > 0 ? "its decoder met " + counted(warnings, "fault") : ""};
  }

 private:
  void limit_memory() {
    // One side at most; the handle's size, which is checked before anything is decoded, bounds their product.
    const auto side = std::min<int64_t>(options_.max_pixels, 1 << 16);
    heif_context_set_maximum_image_size_limit(context_.get(), static_cast<int>(side));
#if LIBHEIF_HAVE_VERSION(1, 19, 0)
    heif_security_limits* limits = heif_context_get_security_limits(context_.get());
    limits->max_image_size_pixels = static_cast<uint64_t>(options_.max_pixels);
#endif
  }

  cv::Mat pixels_of(const heif_image* image, bool alpha, bool premultiplied) const {
    const int height = heif_image_get_height(image, heif_channel_interleaved);
    const int width = heif_image_get_width(image, heif_channel_interleaved);
    check_pixel_count(height, width, options_);
    int row_bytes = 0;
    const uint8_t* rows = heif_image_get_plane_readonly(image, heif_channel_interleaved, &row_bytes);
    if (!rows) throw DataError("damaged " + name_ + ": it gives no pixels");
    const cv::Mat stored(height, width, CV_8UC(alpha ? 4 : 3), const_cast<uint8_t*>(rows),
                         static_cast<size_t>(row_bytes));
    return alpha ? over_white(stored, premultiplied) : stored.clone();
  }

  void check(const heif_error& error) const {
    if (error.code == heif_error_Ok) return;
    const std::string message = error.message ? error.message : "";
    const bool too_large = error.subcode == heif_suberror_Security_limit_exceeded;
    if (too_large)
      throw DataError("too large: more than the limit of pixels or memory (" + message +
                      "); raise --max-pixels if it is a photo");
    if (error.subcode == heif_suberror_End_of_data)
      throw DataError("truncated " + name_ + ": the file ends before the picture does");
    if (error.subcode == heif_suberror_Unsupported_codec || error.code == heif_error_Unsupported_filetype ||
        error.code == heif_error_Plugin_loading_error || error.code == heif_error_Unsupported_feature)
      throw DataError(name_ + " of a kind that is not read here (" + message +
                      "); save it as JPEG or PNG, or install libheif's decoder for it");
    throw DataError("damaged or truncated " + name_ + ": " + message);
  }

  HeifContext context_{heif_context_alloc(), heif_context_free};
  std::string name_;
  DecodeOptions options_;
};

}  // namespace

// What EXIF says of the orientation is said again by the file itself, which libheif obeys.
DecodedImage decode_heif(const std::string& bytes, const DecodeOptions& options) {
  return HeifReader(bytes, options).read();
}

}  // namespace cvtool
