#include "cli/command.h"
#include "cli/console.h"
#include "cli/flags.h"

namespace cvtool {
namespace {

class SampleCommand : public Command {
 public:
  explicit SampleCommand(CLI::App& app) {
    app.add_option("folder", folder_, "folder to make")->required();
    fields(options_, FlagBinder(app, unused_, "The set"));
  }

  int run(const Engine& engine, Console& console) override {
    const Json result = engine.sample(folder_, options_, console);
    console.clear_bar();
    print("drew " + counted(result["drawn"].get<int64_t>(), "picture") + " in " + folder_ +
          (result["kept"].get<int64_t>() > 0 ? ", " + with_thousands(result["kept"].get<int64_t>()) + " were there" : "") + "\n");
    return 0;
  }

 private:
  std::string folder_;
  DrawnSetOptions options_;
  Json unused_ = Json::object();
};

}  // namespace

std::unique_ptr<Command> make_sample(CLI::App& app) { return std::make_unique<SampleCommand>(app); }

}  // namespace cvtool
