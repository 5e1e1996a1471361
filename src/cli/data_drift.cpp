#include <algorithm>
#include <cmath>

#include "base/output.h"
#include "cli/command.h"
#include "cli/console.h"
#include "cli/flags.h"

namespace cvtool {
namespace {

class DriftCommand {
 public:
  explicit DriftCommand(CommandApp& app) {
    app.common({"--base", "--model", "--max", "--photos", "--top", "--json"});
    app.example("cvtool data drift photos/train new", "do the new photos look like those trained on?");
    app.example("cvtool data drift photos/train new --model runs/latest", "as that model sees them");
    app.example("cvtool data drift photos/train new --base none --max 0.7", "exit code 3 above that");
    app.add_option("a", request_.before, "folder of photos, archive of one (.zip, .tar) or CSV file to compare with")
        ->type_name("DIR|FILE")
        ->required();
    app.add_option("b", request_.after, "the same of the photos that may have drifted")
        ->type_name("DIR|FILE")
        ->required();
    add_compared_by(app, request_.by);
    app.add_option_function<double>(
           "--max", [this](const double& value) { request_.max = value; },
           "exit 3 when the AUC of telling a from b is above it; 0.5 is chance, 1 always")
        ->check(in_range(0.5, 1.0))
        ->type_name("AUC");
    app.add_flag("--json", json_, "print one JSON document");
    fields(request_.options, FlagBinder(app, "Looking"));
    fields(request_.columns, FlagBinder(app, "Data"));
  }

  int run(const Engine& engine, Console& console) {
    const DriftResult result = engine.drift(request_, console);
    console.clear_bar();
    print(json_ ? text_from_json(result) : text(result));
    if (result.met()) return static_cast<int>(ExitCode::kDone);
    console.print_error("gate missed: " + gate(result));
    return static_cast<int>(ExitCode::kGate);
  }

 private:
  using Rows = std::vector<std::vector<std::string>>;

  static std::string gate(const DriftResult& result) {
    return (result.auc ? "AUC is " + fixed(*result.auc, 4) : "there is nothing to compare") + ", at most " +
           number_text(*result.max) + " is asked";
  }

  static std::string text(const DriftResult& result) {
    std::string out = set_line("a", result.before) + set_line("b", result.after);
    if (result.alike > 0)
      out += with_thousands(result.alike) + " of b " + (result.alike == 1 ? "looks" : "look") +
             " like one of a but for size and compression\n";
    out += result.verdict + "\n";
    if (result.auc) out += figures(result);
    if (result.max) out += (result.met() ? "gate met: " : "gate missed: ") + gate(result) + "\n";
    if (!result.looks.empty()) out += "\n" + looks_table(result.looks);
    if (result.classes) out += "\n" + classes_table(*result.classes);
    if (!result.auc || *result.auc <= *result.chance) return out;  // none has drifted
    return out + photos_table("photos of b that are least like a, with the look furthest from a", result.new_in_after) +
           photos_table("photos of a that are least like b", result.gone_in_after);
  }

  static std::string figures(const DriftResult& result) {
    return "AUC " + fixed(*result.auc, 4) + " by " +
           (result.features == "looks" ? "their looks" : "what " + printable(result.features) + " sees") +
           " (0.5 is chance, 1 always told apart), p " + fixed(*result.p_value, 3) +
           "; of 20 pairs of such sets from one source 19 stay at " + fixed(*result.chance, 2) + " or below\n";
  }

  static std::string set_line(const char* name, const ComparedSet& set) {
    std::string line = std::string(name) + "  " + printable(set.data) + ": " + counted(set.photos, "photo");
    const auto add = [&](int64_t count, const std::string& one, const std::string& many) {
      if (count > 0) line += ", " + with_thousands(count) + " " + (count == 1 ? one : many);
    };
    add(set.shared, "is a copy of one of a and left out", "are copies of those of a and left out");
    add(set.repeated, "is a copy of another and left out", "are copies of others and left out");
    const int64_t drawn = set.compared + set.unreadable;
    if (drawn > 0 && drawn < set.photos - set.shared - set.repeated)
      add(drawn, "is compared", "are compared, drawn by hash (--photos)");
    add(set.unreadable, "cannot be read", "cannot be read");
    return line + "\n";
  }

  static std::string looks_table(const std::vector<MovedLook>& looks) {
    Rows rows{{"look, median", "a", "b", "higher in b"}};
    for (const MovedLook& look : looks)
      rows.push_back({look.look, number(look.before), number(look.after), fixed(100 * look.auc, 0) + " %"});
    return table_text(rows);
  }

  static std::string number(double value) { return fixed(value, std::abs(value) < 10 ? 2 : 0); }

  // The classes whose shares differ most.
  static std::string classes_table(const MovedShares& shares) {
    constexpr size_t kMost = 8;
    double before = 0, after = 0;
    for (const ClassCount& one : shares.classes)
      before += static_cast<double>(one.before), after += static_cast<double>(one.after);
    const auto share = [](int64_t count, double all) { return static_cast<double>(count) / all; };
    std::vector<ClassCount> classes = shares.classes;
    std::stable_sort(classes.begin(), classes.end(), [&](const ClassCount& x, const ClassCount& y) {
      return std::abs(share(x.before, before) - share(x.after, after)) >
             std::abs(share(y.before, before) - share(y.after, after));
    });
    Rows rows{{"class", "a", "b"}};
    for (size_t i = 0; i < classes.size() && i < kMost; ++i)
      rows.push_back({printable(classes[i].name), fixed(100 * share(classes[i].before, before), 1) + " %",
                      fixed(100 * share(classes[i].after, after), 1) + " %"});
    std::string out = table_text(rows);
    if (classes.size() > kMost)
      out += "and " + with_thousands(static_cast<int64_t>(classes.size() - kMost)) +
             " more whose shares moved less (--json lists all)\n";
    return out + "shares of classes differ by " + fixed(100 * shares.distance, 1) + " % of the photos, p " +
           fixed(shares.p_value, 3) + "\n";
  }

  static std::string photos_table(const std::string& title, const std::vector<DriftedPhoto>& photos) {
    if (photos.empty()) return "";
    std::string out = "\n" + title + "\n";
    for (const DriftedPhoto& photo : photos) out += "  " + printable(photo.path) + ": " + photo.look + "\n";
    return out;
  }

  DriftRequest request_;
  bool json_ = false;
};

}  // namespace

Command make_drift(CommandApp& app) { return command_of<DriftCommand>(app); }

}  // namespace cvtool
