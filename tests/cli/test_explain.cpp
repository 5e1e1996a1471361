// What explain and summary show of a model, from outside.
#include "cli/session.h"

using namespace cvtool;

namespace {

std::string a_photo() { return Session::get().photos + "/test/Car/car_00001.jpg"; }

bool is_png(const std::string& path) { return content_of(path).rfind("\x89PNG", 0) == 0; }

// The document of `explain ... --json`, whose files are there.
Json explained(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "explain");
  arguments.emplace_back("--json");
  const Session& session = Session::get();
  const Outcome outcome = session(arguments);
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  const Json document = Json::parse(outcome.out);
  for (const Json& file : document["files"]) {
    const std::string path = file.get<std::string>();
    CHECK_FALSE(content_of(path[0] == '/' ? path : session.scratch / path).empty());
  }
  return document;
}

}  // namespace

TEST_CASE("explain --kernel gives four panels, as a picture and as numbers") {
  const Session& session = Session::get();
  const Json document = explained({a_photo(), "--kernel", "bottom_sobel", "--stride", "3", "--padding", "same", "-o",
                                   session.scratch / "filter.png"});
  CHECK(is_png(session.scratch / "filter.png"));
  const std::vector<Json> sizes{{40, 56}, {14, 19}, {14, 19}, {7, 10}};
  for (size_t i = 0; i < 4; ++i) {
    CHECK(document["panels"][i]["size"] == sizes[i]);
    CHECK(document["panels"][i]["values"].size() == sizes[i][0]);
  }
  CHECK(document["kernel"]["values"][0] == Json({-1.0, -2.0, -1.0}));
  const Outcome own = session({"explain", a_photo(), "--kernel", "-1 2 -1; -1 2 -1; -1 2 -1"});
  CHECK(own.code == 0);
  CHECK(contains(own.out, "filter 38x54"));
  CHECK(is_png(session.scratch / "car_00001-custom.png"));
}

TEST_CASE("explain --layer draws a layer's maps, all of them or the kernels") {
  const Session& session = Session::get();
  const Json one = explained({a_photo(), "--model", session.run, "--layer", "conv2d", "--channels", "1,5"});
  CHECK(one["layers"][0]["shape"] == Json({8, 16, 16}));
  CHECK(one["layers"][0]["channels"].size() == 8);
  CHECK(one["files"][0] == session.run + "/explain/car_00001-conv2d.png");
  const Json all = explained({a_photo(), "--model", session.run, "--layer", "all", "-o", session.scratch / "maps"});
  CHECK(names_in(session.scratch / "maps") ==
        std::set<std::string>{"car_00001-conv2d.png", "car_00001-batch_normalization.png",
                              "car_00001-max_pooling2d.png", "car_00001-dropout.png"});
  CHECK(all["layers"].back()["shape"] == Json({2}));
  const Json kernels =
      explained({"--model", session.run, "--layer", "conv2d", "--kernels", "-o", session.scratch / "kernels.png"});
  CHECK(kernels["shape"] == Json({8, 3, 3, 3}));
  CHECK(kernels["kernels"].size() == 8);
}

TEST_CASE("explain --grad-cam gives a heat map with the class and the probability of predict") {
  const Session& session = Session::get();
  const Json line = json_lines(session({"predict", a_photo(), "--model", session.run, "--json"}).out).at(0);
  for (const char* method : {"--grad-cam", "--grad-cam++", "--occlusion"}) {
    CAPTURE(method);
    const Json image = explained({a_photo(), "--model", session.run, method})["images"][0];
    CHECK(image["class"] == line["class"]);
    CHECK(image["probability"] == line["probability"]);
    CHECK(image["heat"]["values"].size() == (std::string(method) == "--occlusion" ? 32 : 16));
  }
  const Json truck = explained({session.photos + "/test/Truck", "--model", session.run, "--grad-cam", "--class",
                                "Truck", "--layer", "max_pooling2d"});
  CHECK(truck["images"].size() == 9);
  CHECK(truck["images"][0]["class"] == "Truck");
  CHECK(truck["images"][0]["heat"]["size"] == Json({8, 8}));
  CHECK(is_png(session.scratch / "runs/first/explain/Truck-grad-cam.png"));
}

TEST_CASE("explain --embed gives a point for each photo") {
  const Session& session = Session::get();
  const Json document =
      explained({"--embed", session.photos, "--model", session.run, "-o", session.scratch / "map.csv"});
  CHECK(document["points"].size() == 90);
  CHECK(contains(content_of(session.scratch / "map.csv"), "test/Car/car_00001.jpg,Car,"));
  explained({"--embed", session.photos, "--model", session.run, "-o", session.scratch / "map.png"});
  CHECK(is_png(session.scratch / "map.png"));
}

TEST_CASE("explain names what is wrong and the nearest word") {
  const Session& session = Session::get();
  const std::string photo = a_photo();
  check_refused(session({"explain", photo}), 2, {"say what to show", "--kernel"});
  check_refused(session({"explain", photo, "--kernel", "egde"}), 2, {"unknown kernel 'egde'; did you mean 'edge'?"});
  check_refused(session({"explain", photo, "--kernel", "edge", "--grad-cam"}), 2,
                {"--kernel and --grad-cam exclude each other"});
  check_refused(session({"explain", photo, "--kernel", "edge", "--stride", "0"}), 2, {"--stride: 0 is out of range"});
  check_refused(session({"explain", photo, "--grad-cam", "--stride", "2"}), 2, {"--grad-cam takes no --stride"});
  check_refused(session({"explain", photo, "--kernel", "edge", "-o", "x.txt"}), 2, {"-o x.txt: must end in .png"});
  check_refused(session({"explain", "--grad-cam"}), 2, {"name a picture"});
  check_refused(session({"explain", photo, "--model", session.run, "--layer", "conv2"}), 2,
                {"unknown layer 'conv2'; did you mean 'conv2d'?"});
  check_refused(session({"explain", photo, "--model", session.run, "--layer", "conv2d", "--channels", "9"}), 2,
                {"has 8 channels"});
  check_refused(session({"explain", photo, "--model", session.run, "--layer", "conv2d", "--channels", "3,8"}), 2,
                {"channels are 0 to 7"});
  check_refused(session({"explain", photo, "--model", session.run, "--grad-cam", "--class", "Trck"}), 2,
                {"unknown class 'Trck'; did you mean 'Truck'?"});
  check_refused(session({"explain", photo, "--model", session.run, "--grad-cam", "--layer", "flatten"}), 2,
                {"'flatten' gives no map"});
  check_refused(session({"explain", photo, "--model", session.run, "--layer", "flatten", "--kernels"}), 2,
                {"is not a convolution"});
  check_refused(session({"explain", "none.jpg", "--kernel", "edge"}), 4, {"none.jpg"});
  check_refused(session({"explain", photo, "--grad-cam", "--strict"}), 2, {"--grad-cam takes no --strict"});
  check_refused(session({"explain", photo, "--layer", "conv2d", "--cache-budget", "9"}), 2,
                {"--layer takes no --cache-budget"});
  check_refused(session({"explain", photo, "--kernel", "edge", "--device", "cpu"}), 2, {"--kernel takes no --device"});
}

TEST_CASE("explain refuses pictures above --max-pixels") {
  const Session& session = Session::get();
  const std::string too_large = "more than the limit of 2,239";
  check_refused(session({"explain", a_photo(), "--kernel", "edge", "--max-pixels", "2239"}), 4, {too_large});
  check_refused(session({"explain", a_photo(), "--model", session.run, "--layer", "conv2d", "--max-pixels", "2239"}), 4,
                {too_large});
  const Outcome heat = session({"explain", a_photo(), "--model", session.run, "--grad-cam", "--max-pixels", "2239"});
  CHECK(heat.code == 4);
  CHECK(contains(heat.out, too_large));
  CHECK(session({"explain", a_photo(), "--kernel", "edge", "--max-pixels", "2240", "-o", session.scratch / "small.png"})
            .code == 0);
}

TEST_CASE("explain --grad-cam of a folder names the picture that it cannot read and shows the others") {
  const Session& session = Session::get();
  const Scratch mixed;
  std::filesystem::copy(a_photo(), mixed / "a.jpg");
  mixed.write("b.jpg", "text");
  const Outcome outcome =
      session({"explain", mixed.path(), "--model", session.run, "--grad-cam", "-o", mixed / "heat.png"});
  CHECK(outcome.code == 4);
  CHECK(contains(outcome.out, "b.jpg: error: "));
  CHECK(is_png(mixed / "heat.png"));
}

TEST_CASE("summary tells what each layer sees and costs") {
  const Session& session = Session::get();
  const Json summary = Json::parse(session({"summary", session.run, "--receptive-field", "--macs", "--json"}).out);
  CHECK(summary["layers"][0]["receptive_field"] == Json({{"size", {3, 3}}, {"stride", {2, 2}}, {"offset", {0, 0}}}));
  CHECK(summary["layers"][2]["receptive_field"]["size"] == Json({5, 5}));
  CHECK(summary["layers"][4]["receptive_field"] == "whole");
  CHECK(summary["layers"][0]["macs"] == 16 * 16 * 8 * 27);
  const Outcome table = session({"summary", "car-or-truck-convnet-deep", "--receptive-field"});
  CHECK(contains(table.out, "conv2d_1 (Conv2D)"));
  CHECK(contains(table.out, "8x8"));
  CHECK_FALSE(contains(table.out, "MACs"));
}
