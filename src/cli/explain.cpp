#include <algorithm>

#include "base/output.h"
#include "cli/command.h"
#include "cli/console.h"
#include "cli/flags.h"
#include "spec/extraction_options.h"

namespace cvtool {
namespace {

std::string kernel_names() {
  std::vector<std::string> names;
  for (const Kernel& kernel : named_kernels()) names.push_back(kernel.name);
  return join(names, "|");
}

class ExplainCommand {
 public:
  explicit ExplainCommand(CommandApp& app) {
    app.about("Say what to show: one of --kernel, --layer, --grad-cam, --grad-cam++, --occlusion and --embed.");
    app.common({"--model", "--output", "--json", "--kernel", "--layer", "--channels", "--kernels", "--grad-cam",
                "--grad-cam++", "--occlusion", "--class", "--embed", "--device"});
    app.example("cvtool explain photo.jpg --grad-cam", "where the newest model looks");
    app.example("cvtool explain photo.jpg --layer all", "the maps of every layer");
    app.example("cvtool explain --embed photos -o map.png", "photos as points");
    app.add_option("inputs", request_.inputs, "a picture; for --grad-cam and --occlusion pictures and folders")
        ->type_name("IMAGE|DIR");
    add_model_flag(app, request_.model);
    app.add_option("-o,--output", request_.output,
                   "file to write, .png or .jpg (default: in the folder explain beside the model)")
        ->type_name("FILE");
    app.add_flag("--json", json_, "print one JSON document with the numbers");
    add_kernel_flags(app);
    add_layer_flags(app);
    add_heat_flags(app);
    app.add_option("--embed", embed_,
                   "all photos of a folder as points, by what the net makes of them; -o may end in .csv")
        ->type_name("DIR")
        ->group("Photos as points");
    fields(request_.run, FlagBinder(app, run_given_, "This machine"));
    app.final_callback([this] { choose_mode(); });
  }

  int run(const Engine& engine, Console& console) {
    const ExplainResult result = engine.explain(request_, console);
    console.clear_bar();
    std::string text;
    for (const std::string& line : result.lines) text += printable(line) + "\n";
    print(json_ ? text_from_json(result.document, -1) : text);
    if (result.failed > 0) throw DataError(counted(result.failed, "image") + " could not be read (named above)");
    return 0;
  }

 private:
  void add_kernel_flags(CommandApp& app) {
    const std::string group = "Filter, detect, condense";
    app.add_option("--kernel", request_.kernel,
                   "filter the picture, by name or by rows of numbers such as \"-1 2 -1; -1 2 -1; -1 2 -1\"")
        ->type_name(kernel_names() + "|ROWS")
        ->group(group);
    fields(request_.extraction, FlagBinder(app, extraction_given_, group));
  }

  void add_layer_flags(CommandApp& app) {
    const std::string group = "Feature maps";
    app.add_option("--layer", request_.layer,
                   "layer as cvtool summary names it, or all; its feature maps, or where --grad-cam or --embed looks")
        ->type_name("all|NAME")
        ->group(group);
    app.add_option("--channels", request_.channels, "how many channels (16), or which (3,5,9) (default: 64)")
        ->type_name("N|N,N,...")
        ->group(group);
    app.add_flag("--kernels", request_.kernels, "the kernels that the layer has learned, instead of its maps")
        ->group(group);
  }

  void add_heat_flags(CommandApp& app) {
    const std::string group = "Where it looks";
    app.add_flag("--grad-cam", grad_cam_, "heat map: where the last convolutional map speaks for the class")
        ->group(group);
    app.add_flag("--grad-cam++", grad_cam_plus_plus_, "the same, weighted by Grad-CAM++")->group(group);
    app.add_flag("--occlusion", occlusion_, "heat map: where covering the photo lowers the class's probability")
        ->group(group);
    app.add_option("--class", request_.class_name, "class to look for (default: the predicted one)")
        ->type_name("NAME")
        ->group(group);
    app.add_option("--patch", request_.patch_px,
                   "side of the covering square in pixels of the net's input (default: a fifth)")
        ->check(in_range(1, 8192))
        ->group(group);
  }

  // One thing at a time; what belongs to another is refused rather than passed over.
  void choose_mode() {
    std::vector<std::string> modes;
    if (!request_.kernel.empty()) modes.emplace_back("kernel");
    if (grad_cam_) modes.emplace_back("grad-cam");
    if (grad_cam_plus_plus_) modes.emplace_back("grad-cam++");
    if (occlusion_) modes.emplace_back("occlusion");
    if (!embed_.empty()) modes.emplace_back("embed");
    if (modes.empty() && !request_.layer.empty()) modes.emplace_back("layer");
    if (modes.empty())
      throw UsageError(
          "say what to show: --kernel, --layer, --grad-cam, --grad-cam++, --occlusion or --embed; see cvtool explain "
          "--help");
    if (modes.size() > 1) throw UsageError("--" + modes[0] + " and --" + modes[1] + " exclude each other");
    request_.mode = modes[0];
    check_belongs();
    if (request_.mode == "embed") request_.inputs = {embed_};
    if (request_.mode == "kernel") kernel_from_text(request_.kernel);
    if (request_.inputs.empty() && !request_.kernels)
      throw UsageError("--" + request_.mode + ": name a picture; see cvtool explain --help");
  }

  static std::vector<std::string> flags_of(const Json& given) {
    std::vector<std::string> flags;
    for (const auto& [key, unused] : given.items()) {
      flags.push_back("--" + key);
      std::replace(flags.back().begin(), flags.back().end(), '_', '-');
    }
    return flags;
  }

  void check_belongs() const {
    const std::string& mode = request_.mode;
    const bool heat = mode == "grad-cam" || mode == "grad-cam++" || mode == "occlusion";
    const auto refuse = [&mode](bool given, const std::string& flag) {
      if (given) throw UsageError("--" + mode + " takes no " + flag + "; see cvtool explain --help");
    };
    for (const std::string& flag : flags_of(extraction_given_)) refuse(mode != "kernel", flag);
    // Only a folder's worth of photos is read by threads and kept; a filter needs no net.
    for (const std::string& flag : flags_of(run_given_)) {
      const bool of_net = flag == "--device" || flag == "--threads";
      refuse(flag != "--max-pixels" && mode != "embed" && (mode == "kernel" || !of_net), flag);
    }
    refuse((mode == "kernel" || mode == "occlusion") && !request_.layer.empty(), "--layer");
    refuse(mode == "kernel" && !request_.model.empty(), "--model");
    refuse(mode != "layer" && !request_.channels.empty(), "--channels");
    refuse(mode != "layer" && request_.kernels, "--kernels");
    refuse(!heat && !request_.class_name.empty(), "--class");
    refuse(mode != "occlusion" && request_.patch_px > 0, "--patch");
    refuse(mode == "embed" && !request_.inputs.empty(), "picture beside its folder");
  }

  ExplainRequest request_;
  std::string embed_;
  Json run_given_ = Json::object(), extraction_given_ = Json::object();
  bool grad_cam_ = false, grad_cam_plus_plus_ = false, occlusion_ = false, json_ = false;
};

}  // namespace

Command make_explain(CommandApp& app) { return command_of<ExplainCommand>(app); }

}  // namespace cvtool
