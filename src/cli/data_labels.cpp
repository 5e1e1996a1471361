// The data commands about labels: audit, fix.
#include "base/output.h"
#include "cli/command.h"
#include "cli/console.h"
#include "cli/flags.h"
#include "spec/data_config.h"

namespace cvtool {
namespace {

// The columns, resizing and groups; how photos are split and dealt is the audit's own.
struct AuditData : ColumnNames {
  DataConfig config;
};
template <class Visitor>
void fields(AuditData& c, Visitor&& visit) {
  visit("imgsz", c.config.imgsz, Doc("size the photos are resized to, in pixels: N or HEIGHTxWIDTH").range(1, 8192));
  visit("group", c.config.group, photo_group_doc());
  fields(static_cast<ColumnNames&>(c), visit);
}

class AuditCommand {
 public:
  explicit AuditCommand(CommandApp& app) {
    app.common({"--output", "--base", "--run", "--folds", "--json", "--check"});
    app.example("cvtool data audit photos", "a page of the labels that look wrong, in photos-audit");
    app.example("cvtool data audit photos --run runs/cross", "by what train --folds has said of them");
    app.add_option("data", request_.data, "folder of photos or CSV file")->type_name("DIR|FILE")->required();
    app.add_option("-o,--output", request_.output, "folder to make (default: DATA-audit here)")->type_name("DIR");
    auto* base = app.add_option("--base", request_.base,
                                "pretrained backbone on which the models are solved; auto: one that is there, else "
                                "mobilenet_v2 is fetched once (default: auto)")
                     ->type_name("auto|BASE");
    app.add_flag("--offline", request_.offline, "fetch no pretrained backbone; CVTOOL_OFFLINE=1 and CI=1 say the same");
    app.add_option("--run", request_.run, "take the predictions of this run of train --folds")
        ->type_name("RUN")
        ->excludes(base);
    app.add_flag("--json", json_, "print one JSON document");
    app.add_flag("--check", check_, "exit 4 when a label looks wrong");
    fields(request_.options, FlagBinder(app, "The audit"));
    fields(data_, FlagBinder(app, request_.overrides, "Photos"));
    fields(request_.machine, FlagBinder(app, "This machine"));
  }

  int run(const Engine& engine, Console& console) {
    const AuditResult result = engine.audit(request_, console);
    console.clear_bar();
    print(json_ ? text_from_json(result) : summary(result));
    if (check_ && !result.labels.empty())
      throw DataError(request_.data + ": labels look wrong (--check); they are listed above");
    return 0;
  }

 private:
  static constexpr size_t kExamples = 10;

  static std::string pair_line(const ClassPair& pair) {
    return "  " + printable(pair.first) + " and " + printable(pair.second) + ": " + fixed(100 * pair.share, 1) +
           " % of their photos\n";
  }

  static std::string summary(const AuditResult& result) {
    std::string out = counted(static_cast<int64_t>(result.labels.size()), "label") + " of " +
                      with_thousands(result.photos) + (result.labels.size() == 1 ? " looks" : " look") +
                      " wrong; about " + fixed(100 * result.noise, 1) + " % are, as far as models can tell that are " +
                      fixed(100 * result.accuracy, 1) + " % right on photos they have not seen\n";
    if (!result.labels.empty()) {
      std::vector<std::vector<std::string>> rows{{"photo", "given", "suggested", "of given", "of suggested"}};
      for (size_t i = 0; i < std::min(kExamples, result.labels.size()); ++i) {
        const LabelFinding& at = result.labels[i];
        rows.push_back({printable(at.path), printable(at.given), printable(at.suggested), fixed(at.self_confidence, 3),
                        fixed(at.suggested_probability, 3)});
      }
      out += table_text(rows);
      if (result.labels.size() > kExamples)
        out += "and " + with_thousands(static_cast<int64_t>(result.labels.size() - kExamples)) + " more\n";
    }
    if (!result.overlaps.empty()) out += "classes that are taken for each other:\n";
    for (size_t i = 0; i < std::min(size_t{3}, result.overlaps.size()); ++i) out += pair_line(result.overlaps[i]);
    const auto across = std::count_if(result.duplicates.begin(), result.duplicates.end(),
                                      [](const DuplicateGroup& group) { return group.across_classes; });
    out += counted(static_cast<int64_t>(result.duplicates.size()), "group") + " of photos that are nearly alike, " +
           with_thousands(across) + " of several classes; " +
           counted(static_cast<int64_t>(result.outliers.size()), "photo") + " unlike all others\n";
    for (const std::string& file : result.files) out += "wrote " + printable(file) + "\n";
    return out + "next: open audit.html, decide, save fixes.csv; then cvtool data fix " + shell_word(result.data) +
           " fixes.csv --into NEW\n";
  }

  AuditRequest request_;
  AuditData data_;
  bool json_ = false, check_ = false;
};

class FixCommand {
 public:
  explicit FixCommand(CommandApp& app) {
    app.example("cvtool data fix photos fixes.csv --into photos-fixed", "a copy with the labels put right");
    app.example("cvtool data fix photos fixes.csv --in-place", "moves the photos; fixes-undo.csv moves them back");
    app.example("cvtool data fix photos fixes-undo.csv --undo", "as it was");
    app.add_option("data", request_.data, "folder of classes")->type_name("DIR")->required();
    app.add_option("fixes", request_.fixes, "CSV file: path,given,action,label; action is keep, relabel or drop")
        ->type_name("FILE")
        ->required();
    auto* into = app.add_option("--into", request_.into, "folder to make, with copies")->type_name("DIR");
    auto* in_place = app.add_flag("--in-place", in_place_, "move the photos where they are")->excludes(into);
    app.add_flag("--undo", request_.undo, "FILE is what --in-place wrote: put everything back")
        ->excludes(into)
        ->excludes(in_place);
    app.add_flag("--json", json_, "print one JSON document");
    app.callback([this] {
      if (request_.into.empty() && !in_place_ && !request_.undo)
        throw CLI::RequiredError("--into DIR, --in-place or --undo");
    });
  }

  int run(const Engine& engine, Console& console) {
    const FixResult result = engine.fix(request_, console);
    console.clear_bar();
    print(json_ ? text_from_json(result) : summary(result));
    return 0;
  }

 private:
  std::string summary(const FixResult& result) const {
    std::string out;
    if (request_.undo)
      out = "put back " + counted(result.placed, "photo");
    else
      out = "relabelled " + counted(result.relabelled, "photo") + ", dropped " + with_thousands(result.dropped) +
            ", kept " + with_thousands(result.kept);
    if (!request_.into.empty()) out += "; copied " + with_thousands(result.placed) + " to " + printable(request_.into);
    if (result.there > 0) out += "; " + with_thousands(result.there) + " were done";
    out += "\n";
    if (!result.undo.empty())
      out += "to undo: cvtool data fix " + shell_word(request_.data) + " " + shell_word(result.undo) + " --undo\n";
    return out;
  }

  FixRequest request_;
  bool in_place_ = false, json_ = false;
};

}  // namespace

Command make_audit(CommandApp& app) { return command_of<AuditCommand>(app); }
Command make_fix(CommandApp& app) { return command_of<FixCommand>(app); }

}  // namespace cvtool
