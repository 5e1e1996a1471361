// The data commands that look at photos: check, stats, preview.
#include "base/output.h"
#include "cli/command.h"
#include "cli/console.h"
#include "cli/flags.h"
#include "spec/data_config.h"

namespace cvtool {
namespace {

using Rows = std::vector<std::vector<std::string>>;

std::string number(const Json& json) { return with_thousands(json.get<int64_t>()); }

// The flags that all of them share.
class LookCommand : public Command {
 protected:
  explicit LookCommand(CLI::App& app) {
    app.add_option("data", request_.data, "folder of photos or CSV file")->required();
    fields(request_.look, FlagBinder(app, unused_, "Looking"));
    fields(config_, FlagBinder(app, request_.overrides, "Data"));
  }
  LookRequest request_;
  Json unused_ = Json::object();

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
    print(json_ ? text_from_json(result["report"]) : table(result));
    if (strict_ && !result["clean"].get<bool>())
      throw DataError(request_.data + ": the check found something (--strict); it is listed above");
    return 0;
  }

 private:
  static std::string table(const Json& result) {
    std::string out;
    for (const Json& line : result["lines"]) {
      const std::string count = number(line["count"]);
      out += std::string(count.size() < 7 ? 7 - count.size() : 0, ' ') + count + "  " +
             line["what"].get<std::string>() + "\n";
      for (const Json& example : line["examples"]) out += "           " + example.get<std::string>() + "\n";
      const auto more = line["count"].get<int64_t>() - static_cast<int64_t>(line["examples"].size());
      if (more > 0) out += "           and " + with_thousands(more) + " more (--json lists all)\n";
    }
    return out + counted(result["report"]["photos"].get<int64_t>(), "photo") + " looked at" +
           (result["clean"].get<bool>() ? ", nothing found\n" : "\n");
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
    print(json_ ? text_from_json(stats)
                : counts_table(stats) + "\n" + sizes_table(stats) + "\n" + colours_table(stats));
    return 0;
  }

 private:
  // A row a class, a column a split.
  static std::string counts_table(const Json& stats) {
    const Json& splits = stats["splits"];
    Rows rows{{"class"}};
    for (const auto& [name, split] : splits.items()) rows[0].push_back(name);
    if (splits.size() > 1) rows[0].push_back("all");
    const auto add_row = [&](const std::string& title, auto count_of) {
      std::vector<std::string> row{title};
      int64_t all = 0;
      for (const Json& split : splits) {
        row.push_back(number(count_of(split)));
        all += count_of(split).template get<int64_t>();
      }
      if (splits.size() > 1) row.push_back(with_thousands(all));
      rows.push_back(std::move(row));
    };
    for (const Json& name : stats["classes"])
      add_row(printable(name.get<std::string>()),
              [&](const Json& split) -> const Json& { return split["counts"][name.get<std::string>()]; });
    add_row("photos", [](const Json& split) -> const Json& { return split["photos"]; });
    rows.push_back({"majority baseline"});
    for (const Json& split : splits) rows.back().push_back(fixed(split["majority_baseline"].get<double>(), 4));
    const auto unreadable = stats["unreadable"].get<int64_t>();
    return table_text(rows) +
           (unreadable > 0 ? counted(unreadable, "photo") + " of these cannot be read; see cvtool data check\n" : "");
  }

  static std::string sizes_table(const Json& stats) {
    Rows rows{{"size in pixels", "least", "median", "most"}};
    for (const char* side : {"width", "height"})
      rows.push_back({side, number(stats[side]["least"]), number(stats[side]["median"]), number(stats[side]["most"])});
    return table_text(rows);
  }

  static std::string colours_table(const Json& stats) {
    Rows rows{{"pixels, 0 to 255", "red", "green", "blue"}};
    for (const auto& [key, title] : {std::pair{"mean", "mean"}, std::pair{"std", "standard deviation"}}) {
      rows.push_back({title});
      for (const Json& value : stats[key]) rows.back().push_back(fixed(value.get<double>(), 1));
    }
    return table_text(rows);
  }

  bool json_ = false;
};

class PreviewCommand : public LookCommand {
 public:
  explicit PreviewCommand(CLI::App& app) : LookCommand(app) {
    app.add_option("-o,--output", request_.output, "picture to write, .jpg or .png")->required();
    add_augment_flag(app, sheet_.augment);
    fields(sheet_, FlagBinder(app, unused_, "The sheet"));
  }

  int run(const Engine& engine, Console& console) override {
    if (unused_.contains("seed")) sheet_.train["seed"] = unused_["seed"];
    const auto written = engine.preview(request_, sheet_, console);
    console.clear_bar();
    for (const std::string& path : written) print("wrote " + path + "\n");
    return 0;
  }

 private:
  PreviewOptions sheet_;
};

}  // namespace

std::unique_ptr<Command> make_check(CLI::App& app) { return std::make_unique<CheckCommand>(app); }
std::unique_ptr<Command> make_stats(CLI::App& app) { return std::make_unique<StatsCommand>(app); }
std::unique_ptr<Command> make_preview(CLI::App& app) { return std::make_unique<PreviewCommand>(app); }

}  // namespace cvtool
