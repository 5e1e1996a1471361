#include "model/weights/file_kind.h"

#include "base/error.h"
#include "base/text.h"
#include "model/weights/h5.h"
#include "model/weights/safetensors.h"
#include "model/weights/torch_file.h"
#include "model/weights/zip.h"

namespace cvtool {
namespace {

constexpr const char* kFetch = "fetch the file again";
constexpr const char* kImport =
    "make a backbone of it with cvtool import BASE --weights FILE, or save the net with torch.jit.trace(model, "
    "x).save(FILE)";
constexpr const char* kTrace = "save the net with torch.jit.trace(model, x).save(FILE) instead";

bool begins_with(std::string_view bytes, std::string_view prefix) { return bytes.substr(0, prefix.size()) == prefix; }

ForeignKind kind_of_zip(const ZipArchive& zip) {
  if (zip.has("serialized_exported_program.json") || zip.has("archive_format") || zip.has("models/model.json"))
    return {"is a program of torch.export (.pt2), not TorchScript", kTrace};
  if (zip.has("bytecode.pkl") && !zip.has_folder("code"))
    return {"is for PyTorch's mobile interpreter alone (bytecode without code), not TorchScript", kTrace};
  if (zip.has("data.pkl") && !zip.has("constants.pkl") && !zip.has_folder("code"))
    return {"holds weights without a net (torch.save), not TorchScript", kImport};
  if (zip.has("model.weights.h5"))
    return {"is a .keras archive, which cvtool does not read",
            "save the model from Keras in the HDF5 format, model.save(\"FILE.h5\"), and import that"};
  if (!zip.has("constants.pkl") && !zip.has_folder("code"))
    return {"is a zip archive without TorchScript in it", "unpack it and name the file inside"};
  return {};
}

struct Beginning {
  std::string_view bytes;
  const char* what;
};
constexpr Beginning kPictures[] = {{"\xff\xd8\xff", "a JPEG"}, {"\x89PNG", "a PNG"}, {"GIF8", "a GIF"}};

}  // namespace

bool begins_like_onnx(std::string_view bytes) {
  return begins_with(bytes, "\x08") && bytes.size() > 3 && bytes[2] == '\x12';
}

ForeignKind kind_of_file(const Blob& file) {
  const std::string_view bytes = file.bytes;
  const std::string start = lower(std::string(bytes.substr(0, 64)));
  if (bytes.empty()) return {"is empty", kFetch};
  if (starts_with(start, "<!doctype") || starts_with(start, "<html"))
    return {"is a web page, not the file itself", kFetch};
  if (starts_with(start, "version https://git-lfs"))
    return {"is a Git LFS pointer, not the file itself", "fetch it with: git lfs pull"};
  if (begins_with(bytes.substr(bytes.size() > 257 ? 257 : bytes.size()), "ustar"))
    return {"is a tar archive", "unpack it and name the file inside"};
  if (begins_with(bytes, "\x1f\x8b")) return {"is compressed with gzip", "unpack it and name the file inside"};
  if (is_torch_legacy(bytes))
    return {"holds weights without a net (torch.save, the old format), not TorchScript", kImport};
  if (bytes[0] == '\x80')
    return {"is a Python pickle but not one of torch.save", "save it with torch.save(model.state_dict(), FILE)"};
  if (is_h5(bytes)) return {"is HDF5 (weights of Keras), not TorchScript", kImport};
  if (is_safetensors(bytes)) return {"is a safetensors file (weights without a net), not TorchScript", kImport};
  for (const Beginning& picture : kPictures)
    if (begins_with(bytes, picture.bytes)) return {std::string("is ") + picture.what + ", not a model", "name a model"};
  if (begins_like_onnx(bytes))
    return {"is an ONNX file, not TorchScript",
            "cvtool verify checks ONNX files; name the model that it was made from"};
  if (!begins_with(bytes, "PK")) return {};
  try {
    return kind_of_zip(ZipArchive(file, "", ZipKind::kDeflated));
  } catch (const Error&) {
    return {};  // damaged
  }
}

}  // namespace cvtool
