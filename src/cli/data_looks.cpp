// The data commands that look at photos: check, stats, preview.
#include <algorithm>

#include "base/output.h"
#include "cli/command.h"
#include "cli/console.h"
#include "cli/flags.h"
#include "spec/data_config.h"

namespace cvtool {
namespace {

using Rows = std::vector<std::vector<std::string>>;

// The flags that all of them share.
class LookCommand {
 protected:
  explicit LookCommand(CommandApp& app) {
    app.common({"--json", "--strict", "--base", "--model", "--output", "--augment", "--recipe", "--rows", "--cols",
                "--per-class", "--split", "--seed", "--valid", "--test", "--classes"});
    app.add_option("data", request_.data, "folder of photos, archive of one (.zip, .tar) or CSV file")
        ->type_name("DIR|FILE")
        ->required();
  }
  // After a command's own.
  void add_common_flags(CommandApp& app, const std::string& data_title = "Data") {
    fields(request_.look, FlagBinder(app, given_, "Looking"));
    fields(config_, FlagBinder(app, request_.overrides, data_title));
  }
  LookRequest request_;
  Json given_ = Json::object();

 private:
  DataConfig config_;
};

class CheckCommand : public LookCommand {
 public:
  explicit CheckCommand(CommandApp& app) : LookCommand(app) {
    app.add_flag("--json", json_, "print one JSON document");
    app.add_flag("--strict", strict_, "exit 4 when anything is found");
    add_compared_by(app, by_);
    app.example("cvtool data check photos", "what is wrong with them");
    app.example("cvtool data check photos --strict --json >found.json", "all of it, and exit code 4");
    add_common_flags(app);
  }

  int run(const Engine& engine, Console& console) {
    const CheckResult result = engine.check(request_, by_, console);
    console.clear_bar();
    print(json_ ? text_from_json(result.report) : table(result));
    if (strict_ && !result.report.clean())
      throw DataError(request_.data + ": the check found something (--strict); it is listed above");
    return 0;
  }

 private:
  static std::string table(const CheckResult& result) {
    std::string out;
    for (const CheckLine& line : result.lines) {
      const std::string count = with_thousands(line.count);
      out += std::string(count.size() < 7 ? 7 - count.size() : 0, ' ') + count + "  " + line.what + "\n";
      for (const std::string& example : line.examples) out += "           " + printable(example) + "\n";
      const int64_t more = line.count - static_cast<int64_t>(line.examples.size());
      if (more > 0) out += "           and " + with_thousands(more) + " more (--json lists all)\n";
    }
    const CheckReport& report = result.report;
    for (const SplitSupport& split : report.support) out += support_text(split, report.needed);
    for (const SplitDifference& one : report.differences) out += difference_text(one, report.compared_by);
    return out + counted(report.photos, "photo") + " looked at" + (report.clean() ? ", nothing found\n" : "\n");
  }

  // How precisely the split measures: all of it, and the class with the fewest photos.
  static std::string support_text(const SplitSupport& split, int64_t needed) {
    const auto range = [](const ClassSupport& of) {
      return fixed(100 * of.interval[0], 0) + " to " + fixed(100 * of.interval[1], 0) + " %";
    };
    const auto fewer = [](const ClassSupport& a, const ClassSupport& b) { return a.photos < b.photos; };
    const ClassSupport& least = *std::min_element(split.classes.begin(), split.classes.end(), fewer);
    return split.split + ": of " + counted(split.all.photos, "photo") + " 90 % right could be " + range(split.all) +
           "; of '" + printable(least.name) + "', which has fewest, " + with_thousands(least.photos) + ", " +
           range(least) + " (95 % intervals; a class needs " + std::to_string(needed) + ")\n";
  }

  static std::string difference_text(const SplitDifference& one, const std::string& compared_by) {
    const bool looks = compared_by == "looks";
    return one.split + " against train by " + (looks ? "their looks" : "what " + printable(compared_by) + " sees") +
           ": AUC " + fixed(one.auc, 2) + " (0.5 is alike, 1 always told apart), p " + fixed(one.p_value, 3) +
           (looks ? "; --base auto compares what is on them" : "") + "\n";
  }

  ComparedBy by_;
  bool json_ = false, strict_ = false;
};

class StatsCommand : public LookCommand {
 public:
  explicit StatsCommand(CommandApp& app) : LookCommand(app) {
    app.add_option("-o,--output", request_.output, "picture of the distributions, .png or .jpg")->type_name("FILE");
    app.add_flag("--json", json_, "print one JSON document");
    app.example("cvtool data stats photos", "tables");
    app.example("cvtool data stats photos -o stats.png", "and a picture");
    add_common_flags(app);
  }

  int run(const Engine& engine, Console& console) {
    const DataStats stats = engine.stats(request_, console);
    console.clear_bar();
    print(json_ ? text_from_json(stats)
                : counts_table(stats) + "\n" + sizes_table(stats) + "\n" + colours_table(stats));
    return 0;
  }

 private:
  // A row per class, a column per split.
  static std::string counts_table(const DataStats& stats) {
    Rows rows{{"class"}};
    for (const auto& [name, split] : stats.splits) rows[0].push_back(name);
    if (stats.splits.size() > 1) rows[0].push_back("all");
    const auto add_row = [&](const std::string& title, auto count_of) {
      std::vector<std::string> row{title};
      int64_t all = 0;
      for (const auto& [name, split] : stats.splits) {
        row.push_back(with_thousands(count_of(split)));
        all += count_of(split);
      }
      if (stats.splits.size() > 1) row.push_back(with_thousands(all));
      rows.push_back(std::move(row));
    };
    for (size_t i = 0; i < stats.classes.size(); ++i)
      add_row(printable(stats.classes[i]), [i](const SplitStats& split) { return split.counts[i].second; });
    add_row("photos", [](const SplitStats& split) { return split.photos; });
    rows.push_back({"majority baseline"});
    for (const auto& [name, split] : stats.splits) rows.back().push_back(fixed(split.majority_baseline, 4));
    return table_text(rows) + (stats.unreadable > 0 ? counted(stats.unreadable, "photo") +
                                                          " of these cannot be read; see cvtool data check\n"
                                                    : "");
  }

  static std::string sizes_table(const DataStats& stats) {
    Rows rows{{"size in pixels", "min", "median", "max"}};
    for (const auto& [side, range] : {std::pair{"width", stats.width}, std::pair{"height", stats.height}})
      rows.push_back({side, with_thousands(range.min), with_thousands(range.median), with_thousands(range.max)});
    return table_text(rows);
  }

  static std::string colours_table(const DataStats& stats) {
    Rows rows{{"pixels, 0 to 255", "red", "green", "blue"}};
    for (const auto& [title, values] :
         {std::pair{"mean", stats.mean}, std::pair{"standard deviation", stats.deviation}}) {
      rows.push_back({title});
      for (const double value : values) rows.back().push_back(fixed(value, 1));
    }
    return table_text(rows);
  }

  bool json_ = false;
};

class PreviewCommand : public LookCommand {
 public:
  explicit PreviewCommand(CommandApp& app) : LookCommand(app) {
    app.add_option("-o,--output", request_.output, "picture to write, .jpg or .png")->type_name("FILE")->required();
    add_augment_flag(app, sheet_.augment, "none, with --recipe the recipe's");
    fields(sheet_, FlagBinder(app, "The sheet"));
    app.example("cvtool data preview photos -o sheet.jpg", "64 photos with their labels");
    app.example("cvtool data preview photos --augment flip,rotation=0.1 -o sheet.jpg", "as training sees them");
    add_common_flags(app, "Data (with --recipe or --augment over the recipe's)");
  }

  int run(const Engine& engine, Console& console) {
    if (given_.contains("seed")) sheet_.train["seed"] = given_["seed"];
    const auto written = engine.preview(request_, sheet_, console);
    console.clear_bar();
    for (const std::string& path : written) print("wrote " + printable(path) + "\n");
    return 0;
  }

 private:
  PreviewOptions sheet_;
};

}  // namespace

Command make_check(CommandApp& app) { return command_of<CheckCommand>(app); }
Command make_stats(CommandApp& app) { return command_of<StatsCommand>(app); }
Command make_preview(CommandApp& app) { return command_of<PreviewCommand>(app); }

}  // namespace cvtool
