#include <nlohmann/json.hpp>

#include "base/output.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/command_app.h"
#include "cli/console.h"

namespace cvtool {
namespace {

class ImportCommand {
 public:
  explicit ImportCommand(CommandApp& app) {
    app.add_option("base", request_.backbone,
                   "name of a backbone, or FILE.safetensors of cvtool export, which becomes a model again")
        ->type_name("BACKBONE|FILE")
        ->required();
    app.add_option("--variant", request_.variant, "whose form of the net (default: that of the weights)")
        ->type_name("torchvision|keras|caffe");
    app.add_option("--alpha", request_.alpha, "width of mobilenet_v2 (default: that of the weights)")
        ->type_name("1.0|0.75|0.5|0.35")
        ->check(in_range(0.01, 16.0));
    app.add_option(
           "--weights", request_.weights,
           "file of torch.save, .safetensors, Keras .h5 or tfjs model.json (default: the official file is fetched)")
        ->type_name("FILE");
    app.add_option("-o,--output", request_.output,
                   "file to write (default: NAME.pt in $XDG_DATA_HOME/cvtool/bases, where --base NAME finds it; for a "
                   "model beside its file)")
        ->type_name("FILE");
    app.example("cvtool import mobilenet_v2", "fetch the official weights");
    app.example("cvtool import vgg16 --weights vgg16.pth", "of a file that is there");
    app.add_flag("--json", json_, "print one JSON document");
  }

  int run(const Engine& engine, Console& console) {
    const ImportResult result = engine.import_backbone(request_, console);
    console.clear_bar();
    print_about(result.file, json_ ? text_from_json(result) : text(result));
    return 0;
  }

 private:
  static std::string text(const ImportResult& result) {
    const std::string wrote = "wrote " + result.file + ", " + with_thousands(result.bytes) + " bytes: ";
    if (!result.classes.empty())
      return wrote + "a model of " + counted(static_cast<int64_t>(result.classes.size()), "class") + "\n";
    std::string kind = result.variant;
    for (const auto& [name, value] : result.parameters.items()) kind += ", " + name + " " + value.dump();
    return wrote + result.backbone + " (" + kind + "), " + with_thousands(result.total) +
           " parameters\nlicence of the weights: " + result.licence + "\nuse it with --base " + result.use + "\n";
  }

  ImportRequest request_;
  bool json_ = false;
};

}  // namespace

Command make_import(CommandApp& app) { return command_of<ImportCommand>(app); }

}  // namespace cvtool
