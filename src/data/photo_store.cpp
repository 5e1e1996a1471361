#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <mutex>
#include <opencv2/core.hpp>
#include <set>

#include "base/error.h"
#include "base/output.h"
#include "base/parallel.h"
#include "base/text.h"
#include "data/decode/versions.h"
#include "data/image_tensor.h"
#include "data/loader.h"
#include "data/photo_findings.h"
#include "data/pixel_cache.h"

namespace cvtool {
namespace {

// What the pixels depend on beside the file.
std::string pixel_recipe(const LoaderOptions& options) {
  return "3 " + std::to_string(options.read.max_pixels) + " " + image_size_text(options.data.imgsz) + " " +
         options.data.resize + " " + options.data.interpolation + (options.data.exif ? " exif" : "") +
         (options.data.channels == 1 ? " grey" : "") + (options.data.depth == 16 ? " 16" : "");
}

}  // namespace

struct PhotoStore::State {
  std::string root;
  std::vector<Sample> samples;
  LoaderOptions options;
  size_t row_bytes = 0;
  std::vector<ContentHash> contents;  // of each sample's file, when scanned
  std::vector<BadFile> damaged;       // photos in use that were decoded in part
  std::vector<size_t> rows;           // each sample's row in the cache
  std::shared_ptr<PixelCache> cache;  // may be null
  std::mutex warned_mutex;
  std::set<size_t> warned;

  std::string pixel_key() const {
    std::error_code ignored;
    return pixel_recipe(options) + '\n' + decoder_files() + '\n' +
           std::filesystem::weakly_canonical(root, ignored).string();
  }
  void open_cache();
  std::string read(size_t index) const { return read_photo_file(sample_path(root, samples[index].path)); }
  // Returns what of it could not be decoded.
  std::string decode(const std::string& bytes, uint8_t* target) const {
    std::string damage;
    const cv::Mat pixels = decode_resized(bytes, decode_options(options.data, options.read), options.data, &damage);
    std::copy_n(pixels.data, row_bytes, target);
    return damage;
  }
  ScannedPhoto scan_one(size_t index);
  void lose(size_t index, const std::string& reason);
};

void PhotoStore::State::open_cache() {
  std::string key = pixel_key();
  for (const auto& sample : samples) key += '\n' + sample.path;
  cache = cvtool::open_cache({samples.size(), row_bytes},
                             {options.cache, options.cache_budget_bytes, "pixels", [&] { return key; }});
}

// A damaged photo is never cached, so that each run tells of it.
ScannedPhoto PhotoStore::State::scan_one(size_t index) {
  ScannedPhoto found;
  try {
    const std::string bytes = read(index);
    found.content = content_hash(bytes);
    std::vector<uint8_t> pixels(row_bytes);
    if (cache && cache->read(index, found.content, pixels.data())) return found;
    found.damage = decode(bytes, pixels.data());
    if (cache && found.damage.empty()) cache->write(index, found.content, pixels.data());
  } catch (const DataError& error) {
    found.unreadable = error.what();
  } catch (const cv::Exception& error) {
    found.unreadable = "cannot be decoded: " + error.err;
  } catch (const std::bad_alloc&) {
    found.unreadable = "cannot be decoded: not enough memory";
  }
  return found;
}

// A photo that was there is no longer.
void PhotoStore::State::lose(size_t index, const std::string& reason) {
  const std::string path = printable(samples[index].path);
  if (options.shared.shared())
    throw DataError(path + ": " + reason +
                    "; give each machine the same files, and leave them as they are while they are used");
  const std::lock_guard<std::mutex> lock(warned_mutex);
  if (warned.insert(index).second) spdlog::warn("{}: {}; it is left out", path, reason);
}

PhotoStore::PhotoStore(std::string root, std::vector<Sample> samples, LoaderOptions options)
    : state_(std::make_unique<State>()) {
  const std::vector<std::string> modes{"auto", "ram", "disk", "none"};
  if (std::find(modes.begin(), modes.end(), options.cache) == modes.end())
    throw UsageError("cache: " + unknown_word("value", options.cache, modes));
  state_->root = std::move(root);
  state_->samples = std::move(samples);
  state_->options = std::move(options);
  const ImageSize& size = state_->options.data.imgsz;
  if (size.height < 1 || size.width < 1) throw UsageError("imgsz: must be at least 1, not " + image_size_text(size));
  state_->row_bytes = static_cast<size_t>(picture_bytes(size, state_->options.data));
}

PhotoStore::~PhotoStore() = default;

std::vector<BadFile> PhotoStore::scan(const ScanProgress& progress) {
  State& state = *state_;
  state.open_cache();
  const SharedReading& shared = state.options.shared;
  const size_t count = state.samples.size();
  const std::vector<size_t> own = shared.own_of(count);
  std::vector<ScannedPhoto> found(count);
  for_each_parallel(
      own.size(), state.options.read.workers, [&](size_t i) { found[own[i]] = state.scan_one(own[i]); },
      [&](int64_t done, int64_t) {
        const auto all = static_cast<int64_t>(count);
        if (progress) progress(std::min(all, done * static_cast<int64_t>(shared.processes)), all);
      });
  if (shared.shared()) share_findings(shared, found);
  std::vector<BadFile> bad;
  size_t kept = 0;
  for (size_t i = 0; i < count; ++i) {
    if (!found[i].unreadable.empty()) {
      bad.push_back({state.samples[i].path, found[i].unreadable});
      continue;
    }
    if (!found[i].damage.empty()) state.damaged.push_back({state.samples[i].path, found[i].damage});
    state.rows.push_back(i);
    state.contents.push_back(found[i].content);
    if (kept != i) state.samples[kept] = std::move(state.samples[i]);
    ++kept;
  }
  state.samples.resize(kept);
  return bad;
}

std::vector<size_t> PhotoStore::own_rows() const {
  std::vector<size_t> own;
  for (size_t i = 0; i < state_->samples.size(); ++i)
    if (state_->options.shared.is_own(state_->rows.at(i))) own.push_back(i);
  return own;
}

const std::string& PhotoStore::root() const { return state_->root; }
const std::vector<BadFile>& PhotoStore::damaged() const { return state_->damaged; }
std::string PhotoStore::pixel_key() const { return state_->pixel_key(); }
const ContentHash& PhotoStore::content(size_t index) const { return state_->contents.at(index); }
const std::vector<Sample>& PhotoStore::samples() const { return state_->samples; }
const LoaderOptions& PhotoStore::options() const { return state_->options; }

bool PhotoStore::pixels(size_t index, uint8_t* target) const {
  State& state = *state_;
  if (state.rows.size() != state.samples.size()) throw Error("PhotoStore: scan() comes first");
  const ContentHash& content = state.contents.at(index);
  if (state.cache && state.cache->read(state.rows[index], content, target)) return true;
  std::string reason;
  try {
    const std::string bytes = state.read(index);
    if (content_hash(bytes) != content) throw DataError("changed while it was in use");
    const std::string damage = state.decode(bytes, target);
    // The others' photos come into the cache when they are first needed here.
    if (state.cache && damage.empty() && state.options.shared.shared())
      state.cache->write(state.rows[index], content, target);
    return true;
  } catch (const DataError& error) {
    reason = error.what();
  } catch (const cv::Exception& error) {
    reason = error.err;
  }
  state.lose(index, reason);
  return false;
}

std::unique_ptr<PhotoStore> PhotoStore::subset(const std::vector<size_t>& rows) const {
  const State& from = *state_;
  if (from.rows.size() != from.samples.size()) throw Error("PhotoStore: scan() comes first");
  std::vector<Sample> samples;
  for (const size_t row : rows) samples.push_back(from.samples.at(row));
  auto part = std::make_unique<PhotoStore>(from.root, std::move(samples), from.options);
  std::set<std::string> paths;
  for (const size_t row : rows) paths.insert(from.samples.at(row).path);
  for (const BadFile& file : from.damaged)
    if (paths.count(file.path)) part->state_->damaged.push_back(file);
  part->state_->cache = from.cache;
  for (const size_t row : rows) {
    part->state_->contents.push_back(from.contents.at(row));
    part->state_->rows.push_back(from.rows.at(row));
  }
  return part;
}

std::vector<std::pair<size_t, size_t>> PhotoStore::same_files(const PhotoStore& other) const {
  std::map<ContentHash, size_t> own;
  for (size_t i = 0; i < state_->contents.size(); ++i) own.emplace(state_->contents[i], i);
  std::vector<std::pair<size_t, size_t>> pairs;
  for (size_t i = 0; i < other.state_->contents.size(); ++i)
    if (const auto at = own.find(other.state_->contents[i]); at != own.end()) pairs.emplace_back(at->second, i);
  return pairs;
}

std::string PhotoStore::digest() const {
  std::vector<std::string> lines;
  for (size_t i = 0; i < state_->samples.size(); ++i) {
    const Sample& sample = state_->samples[i];
    lines.push_back(sample.path + '\n' + std::to_string(sample.label) + '\n' + hex_text(state_->contents.at(i)) + '\n');
  }
  std::sort(lines.begin(), lines.end());
  return hex_text(content_hash(join(lines, "")));
}

}  // namespace cvtool
