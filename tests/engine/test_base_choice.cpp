// Which pretrained backbone a training takes, and how it is fetched.
#include "engine/base_choice.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <torch/script.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.h"
#include "base/files.h"
#include "engine/base_import.h"
#include "model/bases/backbone_import.h"
#include "model/weights/sha256.h"
#include "scratch.h"
#include "spec/recipe.h"
#include "stopper.h"

using namespace cvtool;
namespace fs = std::filesystem;

namespace {

constexpr int kNever = 1 << 30;

// A home without bases, whose only known backbone is a small net under mobilenet_v2's name.
class Home {
 public:
  Home() {
    for (const char* name : {"CI", "CVTOOL_OFFLINE", "CVTOOL_BASES", "http_proxy", "all_proxy", "ALL_PROXY"})
      change(name, nullptr);
    change("XDG_DATA_HOME", (folder / "data").c_str());
    change("XDG_CACHE_HOME", (folder / "cache").c_str());
    change("CVTOOL_SHARE", (folder / "share").c_str());
    fs::create_directories(folder / "share/models/bases");
    fs::copy(std::string(CVTOOL_TESTS_FOLDER) + "/../models/recipes", folder / "share/models/recipes");
    publish("http://127.0.0.1:1/weights", "00000000");
    fs::create_directories(folder / "photos");
    request.data = folder / "photos";
    request.project = folder / "runs";
  }
  ~Home() {
    for (const auto& [name, value] : before_)
      value ? ::setenv(name.c_str(), value->c_str(), 1) : ::unsetenv(name.c_str());
  }
  Home(const Home&) = delete;
  Home& operator=(const Home&) = delete;

  void change(const char* name, const char* value) {
    const char* old = std::getenv(name);
    before_.emplace(name, old ? std::optional<std::string>(old) : std::nullopt);
    value ? ::setenv(name, value, 1) : ::unsetenv(name);
  }
  // Where the weights of all bases are to be had.
  void publish(const std::string& url, const std::string& sha256) const {
    Json weights = Json::array();
    for (const char* name : {"mobilenet_v2", "mobilenet_v2-0.5", "inception_v1", "vgg16"})
      weights.push_back({{"name", name},
                         {"base", std::string(name).substr(0, std::string(name).find('-'))},
                         {"variant", "given"},
                         {"parameters", {{"alpha", std::string(name) == "mobilenet_v2-0.5" ? 0.5 : 1.0}}},
                         {"url", url},
                         {"sha256", sha256},
                         {"size", "1 kB"}});
    folder.write("share/models/weights.json", Json{{"weights", weights}}.dump());
    for (const char* name : {"mobilenet_v2", "inception_v1", "vgg16"}) {
      Json spec{
          {"name", name},
          {"model",
           {{"parameters", {{"alpha", 1.0}}},
            {"preprocess", "unit"},
            {"layers", {{{"kind", "conv2d"}, {"name", "stem"}, {"filters", 4}, {"strides", 2}}}}}},
          {"variants",
           {{"given",
             {{"licence", "free for all"}, {"choices", {{"alpha", {1.0, 0.5}}}}, {"tensors", {{"stem", "stem"}}}}}}}};
      folder.write(std::string("share/models/bases/") + name + ".json", spec.dump());
    }
  }
  std::string base(const std::string& name) const { return folder / ("data/cvtool/bases/" + name + ".pt"); }
  void put_base(const std::string& name) const {
    torch::jit::Module module("base");
    module.register_parameter("w", at::ones({1}), false);
    module.define("def forward(self, x):\n  return x * self.w\n");
    BackboneFile file{module, {{"format", kBackboneFormat}, {"kind", "base"}, {"name", name}, {"preprocess", "unit"}}};
    fs::create_directories(fs::path(base(name)).parent_path());
    save_backbone(base(name), file);
  }
  BaseChoice choose(int stop_at = kNever) const {
    Stopper observer(stop_at);
    return choose_base(request, observer);
  }
  // The name of the base, "" for none.
  std::string chosen() const {
    const BaseChoice choice = choose();
    const Json model = choice.request.overrides.value("model", Json::object());
    CHECK(model.value("base", "") == (choice.base ? choice.base->name : ""));
    return model.value("base", "");
  }
  void wish(const Json& base) { request.overrides["model"]["base"] = base; }
  std::string mark() const { return folder / "cache/cvtool/weights/not-fetched"; }

  const Scratch folder;
  TrainRequest request;

 private:
  std::map<std::string, std::optional<std::string>> before_;
};

// The weights of the small net on a web server of this machine.
class WeightServer {
 public:
  explicit WeightServer(const Home& home) : file_(home.folder / "weights"), log_(home.folder / "log") {
    StateDict weights("the test");
    const BackboneNet net = compile_choice(choose_backbone({"mobilenet_v2", "", 0}));
    for (const auto& parameter : net.module.named_parameters()) weights.add(parameter.name, parameter.value.detach());
    write_file_atomically(file_, safetensors_bytes(weights));
    const std::string command =
        std::string(CVTOOL_PYTHON) + " '" + CVTOOL_TESTS_FOLDER + "/model/weights/serve.py' " + file_ + " " + log_;
    process_ = ::popen(command.c_str(), "r");
    REQUIRE(process_ != nullptr);
    int port = 0;
    REQUIRE(std::fscanf(process_, "%d", &port) == 1);
    address_ = "http://127.0.0.1:" + std::to_string(port);
  }
  ~WeightServer() {
    const std::string quit = "curl -s " + address_ + "/quit >/dev/null || true";
    if (std::system(quit.c_str()) != 0) std::abort();
    ::pclose(process_);
  }
  WeightServer(const WeightServer&) = delete;
  WeightServer& operator=(const WeightServer&) = delete;

  std::string address(const std::string& page) const { return address_ + page; }
  std::string sha256() const { return sha256_of_file(file_); }
  std::string log() const { return content_of(log_); }

 private:
  std::string file_, log_, address_;
  FILE* process_ = nullptr;
};

// A port that takes connections and never says a word.
class SilentPort {
 public:
  SilentPort() {
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof where;
    REQUIRE(::bind(socket_, reinterpret_cast<sockaddr*>(&where), size) == 0);
    REQUIRE(::listen(socket_, 8) == 0);
    REQUIRE(::getsockname(socket_, reinterpret_cast<sockaddr*>(&where), &size) == 0);
    port_ = ntohs(where.sin_port);
  }
  ~SilentPort() { ::close(socket_); }
  SilentPort(const SilentPort&) = delete;
  SilentPort& operator=(const SilentPort&) = delete;
  std::string address() const { return "http://127.0.0.1:" + std::to_string(port_) + "/weights"; }

 private:
  int socket_ = -1, port_ = 0;
};

double seconds_of(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

TEST_CASE("A training without a recipe takes the preferred base that is there") {
  const Home home;
  for (const char* name : {"zebra", "ant", "vgg16", "inception_v1", "mobilenet_v2-0.5", "mobilenet_v2"}) {
    CAPTURE(name);
    home.put_base(name);
    CHECK(home.chosen() == name);
  }
  CHECK(home.choose().base->file == home.base("mobilenet_v2"));
  CHECK(home.choose().automatic == "mobilenet_v2");
  home.folder.write("data/cvtool/bases/mobilenet_v2.pt", "damaged");
  CHECK(home.chosen() == "mobilenet_v2-0.5");
}

TEST_CASE("A recipe, a run, --preprocess and --base none keep their net though a base is there") {
  Home home;
  home.put_base("mobilenet_v2");
  home.wish("none");
  CHECK(home.chosen().empty());
  CHECK(home.choose().automatic.empty());
  home.wish("auto");
  CHECK(home.chosen() == "mobilenet_v2");
  home.request.overrides = {{"model", {{"preprocess", "unit"}}}};
  CHECK(home.chosen().empty());
  home.request.overrides = Json::object();
  for (std::string TrainRequest::*member : {&TrainRequest::recipe, &TrainRequest::from}) {
    Home other;
    other.put_base("mobilenet_v2");
    other.request.*member = "small-resnet";
    CHECK_FALSE(other.choose().base);
    other.wish("auto");
    CHECK(contains(message_of([&] { other.choose(); }), "--base auto: --"));
  }
  home.request.recipe = "small-resnet";
  home.wish("none");
  CHECK(home.chosen().empty());
  home.request.recipe = "transfer";
  CHECK_THROWS_AS(home.choose(), UsageError);
  home.request = {};
  home.request.resumes = true;
  CHECK_FALSE(home.choose().base);
}

TEST_CASE("A base that is named is taken as it always was") {
  Home home;
  home.put_base("mine");
  home.put_base("mobilenet_v2");
  home.wish("mine");
  CHECK(home.chosen() == "mine");
  home.wish(home.base("mine"));
  CHECK(home.chosen() == home.base("mine"));
  CHECK(home.choose().automatic.empty());
  home.wish("nobodys");
  CHECK_THROWS_AS(home.choose(), UsageError);
}

TEST_CASE("Nothing is fetched with --offline, CVTOOL_OFFLINE or CI, nor for a request that is wrong") {
  Home home;
  const WeightServer server(home);
  home.publish(server.address("/ranged"), server.sha256());
  home.request.offline = true;
  CHECK(home.chosen().empty());
  CHECK(home.choose().automatic == "none");
  home.request.offline = false;
  for (const char* name : {"CVTOOL_OFFLINE", "CI"})
    for (const char* value : {"1", "true", "yes"}) {
      home.change(name, value);
      CHECK(home.chosen().empty());
      home.change(name, nullptr);
    }
  home.request.data = home.folder / "nowhere";
  CHECK(home.chosen().empty());
  home.request.data = home.folder / "photos";
  home.request.overrides = {{"train", {{"lr", "fast"}}}};
  CHECK_THROWS_AS(home.choose(), UsageError);
  CHECK(server.log().empty());
  home.request.overrides = Json::object();
  home.change("CVTOOL_OFFLINE", "0");
  home.change("CI", "false");
  CHECK(home.chosen() == "mobilenet_v2");
}

TEST_CASE("The base that is missing is fetched once, with its licence") {
  const Home home;
  const WeightServer server(home);
  home.publish(server.address("/ranged"), server.sha256());
  const BaseChoice choice = home.choose();
  REQUIRE(choice.base);
  CHECK(choice.base->file == home.base("mobilenet_v2"));
  CHECK(load_backbone(home.base("mobilenet_v2")).info.at("licence") == "free for all");
  const std::string log = server.log();
  CHECK_FALSE(log.empty());
  CHECK(home.chosen() == "mobilenet_v2");
  CHECK(server.log() == log);
  CHECK(names_in(home.folder / "cache/cvtool/weights").empty());
}

TEST_CASE("What goes wrong in fetching trains from scratch, and is not tried again within the hour") {
  const Home home;
  const WeightServer server(home);
  const auto check = [&](const std::string& page, const std::string& sha256) {
    CAPTURE(page);
    home.publish(server.address(page), sha256);
    fs::remove(home.mark());
    CHECK(home.chosen().empty());
    CHECK(home.choose().automatic == "none");
    CHECK(names_in(home.folder / "data/cvtool/bases").empty());
    CHECK(fs::exists(home.mark()));
  };
  check("/error", server.sha256());
  check("/ranged", "00000000");
  check("/cut", server.sha256());
  const std::string log = server.log();
  home.publish(server.address("/ranged"), server.sha256());
  CHECK(home.chosen().empty());
  CHECK(server.log() == log);
  fs::last_write_time(home.mark(), fs::file_time_type::clock::now() - std::chrono::minutes(61));
  CHECK(home.chosen() == "mobilenet_v2");
  CHECK_FALSE(fs::exists(home.mark()));
}

TEST_CASE("A server that never answers costs five seconds, once") {
  const Home home;
  const SilentPort port;
  home.publish(port.address(), "00000000");
  CHECK(seconds_of([&] { CHECK(home.chosen().empty()); }) < 7);
  CHECK(seconds_of([&] { CHECK(home.chosen().empty()); }) < 1);
}

TEST_CASE("Folders that cannot be written to are no error, and nothing is fetched for them") {
  Home home;
  const WeightServer server(home);
  home.publish(server.address("/ranged"), server.sha256());
  home.change("XDG_DATA_HOME", "/proc/nobody");
  CHECK(home.chosen().empty());
  CHECK(server.log().empty());
  fs::remove(home.mark());
  home.change("XDG_DATA_HOME", (home.folder / "data").c_str());
  home.change("XDG_CACHE_HOME", "/proc/nobody");
  CHECK(home.chosen().empty());
  CHECK(server.log().empty());
}

TEST_CASE("Ctrl-C while a base is fetched ends the command, and the next one fetches it") {
  const Home home;
  const WeightServer server(home);
  home.publish(server.address("/ranged"), server.sha256());
  try {
    home.choose(1);
    FAIL("it went on");
  } catch (const Error& error) {
    CHECK(error.code() == ExitCode::kInterrupted);
  }
  CHECK_FALSE(fs::exists(home.mark()));
  CHECK(home.chosen() == "mobilenet_v2");
}
