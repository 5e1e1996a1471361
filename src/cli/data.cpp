#include "cli/command.h"
#include "cli/console.h"
#include "cli/flags.h"
#include "data/data_config.h"

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

std::string json_text(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"; }

// The flags that check, stats and preview share.
class LookCommand : public Command {
 protected:
  explicit LookCommand(CLI::App& app) {
    app.add_option("data", request_.data, "folder of photos or CSV file")->required();
    app.add_option("--seed", request_.seed, "seed of the split and of the choice of photos (default: 42)")->check(CLI::NonNegativeNumber);
    app.add_option("-j,--workers", request_.workers, "threads that read photos (default: one a core)")->check(CLI::Range(0, 4096));
    fields(config_, FlagBinder(app, request_.overrides, "Data"));
  }
  LookRequest request_;

 private:
  DataConfig config_;
};

class CheckCommand : public LookCommand {
 public:
  explicit CheckCommand(CLI::App& app) : LookCommand(app) {
    app.add_flag("--json", json_, "print one JSON document");
    app.add_flag("--strict", strict_, "exit 4 when anything is found");
  }

  int run(const Engine& engine, Console& console) override {
    const Json result = engine.check(request_, console);
    console.clear_bar();
    print(json_ ? json_text(result["report"]) : table(result));
    if (strict_ && !result["clean"].get<bool>()) throw DataError(request_.data + ": the check found something (--strict); it is listed above");
    return 0;
  }

 private:
  static std::string table(const Json& result) {
    std::string out;
    for (const Json& line : result["lines"]) {
      const std::string count = with_thousands(line["count"].get<int64_t>());
      out += std::string(count.size() < 7 ? 7 - count.size() : 0, ' ') + count + "  " + line["what"].get<std::string>() + "\n";
      for (const Json& example : line["examples"]) out += "           " + example.get<std::string>() + "\n";
    }
    return out + (result["clean"].get<bool>() ? "nothing found\n" : "");
  }

  bool json_ = false, strict_ = false;
};

class StatsCommand : public LookCommand {
 public:
  explicit StatsCommand(CLI::App& app) : LookCommand(app) {
    app.add_option("-o,--output", request_.output, "picture of the distributions, .png or .jpg");
    app.add_flag("--json", json_, "print one JSON document");
  }

  int run(const Engine& engine, Console& console) override {
    const Json stats = engine.stats(request_, console);
    console.clear_bar();
    print(json_ ? json_text(stats) : table(stats));
    return 0;
  }

 private:
  static std::string table(const Json& stats) {
    std::string out;
    for (const auto& [key, value] : stats.items()) {
      if (key == "histogram") continue;
      if (!value.is_object() && !value.is_array()) out += key + " " + (value.is_string() ? value.get<std::string>() : value.dump()) + "\n";
      else if (key == "splits") out += splits_text(value);
      else out += key + " " + value.dump() + "\n";
    }
    return out;
  }

  static std::string splits_text(const Json& splits) {
    std::string out;
    for (const auto& [name, split] : splits.items()) out += "split " + (splits.is_array() ? "" : name + " ") + split.dump() + "\n";
    return out;
  }

  bool json_ = false;
};

class SplitCommand : public Command {
 public:
  explicit SplitCommand(CLI::App& app) {
    app.add_option("source", request_.source, "folder of classes")->required();
    app.add_option("target", request_.target, "folder to make")->required();
    app.add_option("--valid", request_.valid, "fraction for validation (default: 0.1)")->check(CLI::Range(0.0, 0.9));
    app.add_option("--test", request_.test, "fraction for testing (default: 0.1)")->check(CLI::Range(0.0, 0.9));
    app.add_option("--seed", request_.seed, "seed of the split (default: 42)")->check(CLI::NonNegativeNumber);
    auto* copy = app.add_flag_callback("--copy", [this] { request_.how = "copy"; }, "copy the photos (default)");
    auto* link = app.add_flag_callback("--link", [this] { request_.how = "link"; }, "make symbolic links")->excludes(copy);
    app.add_flag_callback("--move", [this] { request_.how = "move"; }, "move the photos")->excludes(copy)->excludes(link);
    app.add_flag("--json", json_, "print one JSON document");
  }

  int run(const Engine& engine, Console& console) override {
    const Json result = engine.split(request_, console);
    console.clear_bar();
    if (json_) {
      print(json_text(result));
      return 0;
    }
    std::string out;
    for (const auto& [name, count] : result.items()) out += name + " " + count.dump() + "\n";
    print(out);
    return 0;
  }

 private:
  SplitRequest request_;
  bool json_ = false;
};

class PreviewCommand : public LookCommand {
 public:
  explicit PreviewCommand(CLI::App& app) : LookCommand(app) {
    app.add_option("-o,--output", request_.output, "picture to write, .jpg or .png")->required();
    app.add_option("--rows", request_.rows, "rows of photos (default: 8)")->check(CLI::Range(1, 200));
    app.add_option("--cols", request_.cols, "columns of photos (default: 8)")->check(CLI::Range(1, 200));
    app.add_option("--per-class", request_.per_class, "so many photos of each class, class by class")->check(CLI::Range(1, 10000));
    app.add_option("--split", request_.split, "train, valid or test (default: train)");
  }

  int run(const Engine& engine, Console& console) override {
    engine.preview(request_, console);
    console.clear_bar();
    print("wrote " + request_.output + "\n");
    return 0;
  }
};

}  // namespace

std::unique_ptr<Command> make_check(CLI::App& app) { return std::make_unique<CheckCommand>(app); }
std::unique_ptr<Command> make_stats(CLI::App& app) { return std::make_unique<StatsCommand>(app); }
std::unique_ptr<Command> make_split(CLI::App& app) { return std::make_unique<SplitCommand>(app); }
std::unique_ptr<Command> make_preview(CLI::App& app) { return std::make_unique<PreviewCommand>(app); }
std::unique_ptr<Command> make_sample(CLI::App& app) { return std::make_unique<SampleCommand>(app); }

}  // namespace cvtool
