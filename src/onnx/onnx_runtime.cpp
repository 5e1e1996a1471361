#include "onnx/onnx_runtime.h"

#include <ATen/ATen.h>
#include <dlfcn.h>

#include <cstdlib>
#include <functional>

#include "base/error.h"
#include "onnx/onnx_model.h"

namespace cvtool {
namespace {

constexpr const char* kVariable = "CVTOOL_ONNXRUNTIME";

// The C interface is a table of functions (OrtApi in onnxruntime_c_api.h) to whose end alone new ones are added, so
// that a place in it means the same in every version from the one that is asked for (8) on.
constexpr uint32_t kApiVersion = 8;
enum Place : size_t {
  kGetErrorMessage = 2,
  kCreateEnv = 3,
  kCreateSessionFromArray = 8,
  kRun = 9,
  kCreateSessionOptions = 10,
  kSetIntraOpNumThreads = 24,
  kSetInterOpNumThreads = 25,
  kCreateTensorWithData = 49,
  kCreateCpuMemoryInfo = 69,
  kReleaseEnv = 92,
  kReleaseStatus = 93,
  kReleaseMemoryInfo = 94,
  kReleaseSession = 95,
  kReleaseValue = 96,
  kReleaseSessionOptions = 100,
};
constexpr int kLogFatal = 4, kArenaAllocator = 1, kDefaultMemory = 0;

using Function = void (*)();
struct ApiBase {
  const Function* (*get_api)(uint32_t version);
  const char* (*version)();
};

class Api {
 public:
  explicit Api(const std::string& library) {
    const std::string place = std::string(kVariable) + "=" + library + ": ";
    // It stays open: its threads end with the process.
    void* handle = ::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!handle) throw UsageError(place + "cannot be opened (" + ::dlerror() + "); name a libonnxruntime.so");
    auto* get_base = reinterpret_cast<const ApiBase* (*)()>(::dlsym(handle, "OrtGetApiBase"));
    if (!get_base) throw UsageError(place + "is not ONNX Runtime; name a libonnxruntime.so");
    const ApiBase* base = get_base();
    table_ = base->get_api(kApiVersion);
    version_ = base->version();
    if (!table_) throw UsageError(place + "is ONNX Runtime " + version_ + ", which is too old; take 1.8 or newer");
  }

  const std::string& version() const { return version_; }

  // A function that gives a status: null, or what went wrong.
  template <class... Arguments>
  void call(Place place, Arguments... arguments) const {
    if (void* status = reinterpret_cast<void* (*)(Arguments...)>(table_[place])(arguments...)) {
      const std::string why = reinterpret_cast<const char* (*)(void*)>(table_[kGetErrorMessage])(status);
      release(kReleaseStatus, status);
      throw Error("ONNX Runtime " + version_ + " refuses it: " + why.substr(0, why.find('\n')));
    }
  }
  void release(Place place, void* object) const {
    if (object) reinterpret_cast<void (*)(void*)>(table_[place])(object);
  }

 private:
  const Function* table_ = nullptr;
  std::string version_;
};

// Something of the library's that is given back.
class Owned {
 public:
  Owned(const Api& api, Place release) : api_(api), release_(release) {}
  ~Owned() { api_.release(release_, object); }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  void* object = nullptr;

 private:
  const Api& api_;
  Place release_;
};

}  // namespace

struct OnnxRuntime::State {
  State(const std::string& library, const std::string& bytes) : api(library), model(onnx_from_bytes(bytes)) {
    Owned options(api, kReleaseSessionOptions);
    api.call(kCreateEnv, kLogFatal, static_cast<const char*>("cvtool"), &env.object);
    api.call(kCreateSessionOptions, &options.object);
    api.call(kSetIntraOpNumThreads, options.object, 1);
    api.call(kSetInterOpNumThreads, options.object, 1);
    api.call(kCreateCpuMemoryInfo, kArenaAllocator, kDefaultMemory, &memory.object);
    const auto* data = static_cast<const void*>(bytes.data());
    api.call(kCreateSessionFromArray, env.object, data, bytes.size(), options.object, &session.object);
    model.nodes.clear();
    model.constants.clear();
  }

  // A view of the tensor, which must outlive it.
  void view(const at::Tensor& tensor, Owned& value) const {
    const auto shape = tensor.sizes();
    api.call(kCreateTensorWithData, memory.object, tensor.data_ptr(), static_cast<size_t>(tensor.nbytes()),
             shape.data(), shape.size(), static_cast<int>(OnnxType::kFloat), &value.object);
  }

  Api api;
  OnnxModel model;  // its input and output
  Owned env{api, kReleaseEnv}, memory{api, kReleaseMemoryInfo}, session{api, kReleaseSession};
};

std::string onnx_runtime_library() {
  const char* set = std::getenv(kVariable);
  return set ? set : "";
}

OnnxRuntime::OnnxRuntime(const std::string& library, const std::string& bytes)
    : state_(std::make_unique<State>(library, bytes)) {}

OnnxRuntime::~OnnxRuntime() = default;

at::Tensor OnnxRuntime::run(const at::Tensor& images, int64_t units) const {
  const State& s = *state_;
  const at::Tensor x = images.to(at::kFloat).contiguous(), y = at::empty({x.size(0), units}, at::kFloat);
  Owned in(s.api, kReleaseValue), out(s.api, kReleaseValue);
  s.view(x, in);
  s.view(y, out);
  const char *input = s.model.input.name.c_str(), *output = s.model.output.name.c_str();
  void *session = s.session.object, *no_options = nullptr;
  const void* given[] = {in.object};
  s.api.call(kRun, session, no_options, &input, static_cast<const void* const*>(given), size_t{1}, &output, size_t{1},
             &out.object);
  return y;
}

std::string OnnxRuntime::version() const { return state_->api.version(); }

}  // namespace cvtool
