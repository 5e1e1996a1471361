// The data commands that make folders of photos: sample, split, unpack.
#include "base/output.h"
#include "cli/command.h"
#include "cli/console.h"
#include "cli/flags.h"

namespace cvtool {
namespace {

class SampleCommand {
 public:
  explicit SampleCommand(CommandApp& app) {
    app.example("cvtool data sample photos", "1,400 pictures of two classes");
    app.example("cvtool data sample more --train-per-class 2000 --size 64", "more, and smaller");
    app.add_option("folder", folder_, "folder to make")->type_name("DIR")->required();
    fields(options_, FlagBinder(app, "The set"));
  }

  int run(const Engine& engine, Console& console) {
    const SampleResult result = engine.sample(folder_, options_, console);
    console.clear_bar();
    print("drew " + counted(result.drawn, "picture") + " in " + printable(folder_) +
          (result.kept > 0 ? ", " + with_thousands(result.kept) + " were there" : "") + "\n");
    return 0;
  }

 private:
  std::string folder_;
  DrawnSetOptions options_;
};

class SplitCommand {
 public:
  explicit SplitCommand(CommandApp& app) {
    app.example("cvtool data split photos sets", "copies, a tenth each for valid and test");
    app.example("cvtool data split photos sets --link --test 0", "links, without a test folder");
    app.add_option("source", request_.source, "folder of classes")->type_name("SOURCE")->required();
    app.add_option("target", request_.target, "folder to make")->type_name("TARGET")->required();
    auto* copy = app.add_flag_callback(
        "--copy", [this] { request_.how = "copy"; }, "copy the photos, the default");
    auto* link = app.add_flag_callback(
                        "--link", [this] { request_.how = "link"; }, "make symbolic links")
                     ->excludes(copy);
    app.add_flag_callback(
           "--move", [this] { request_.how = "move"; }, "move the photos")
        ->excludes(copy)
        ->excludes(link);
    app.add_flag("--json", json_, "print one JSON document");
    fields(request_.options, FlagBinder(app, "The split"));
  }

  int run(const Engine& engine, Console& console) {
    const SplitResult result = engine.split(request_, console);
    console.clear_bar();
    print(json_ ? text_from_json(result) : table(result));
    return 0;
  }

 private:
  std::string table(const SplitResult& result) const {
    std::vector<std::vector<std::string>> rows{{"split", "photos"}};
    for (const auto& [split, photos] :
         {std::pair{"train", result.train}, std::pair{"valid", result.valid}, std::pair{"test", result.test}})
      if (photos > 0) rows.push_back({split, with_thousands(photos)});
    const std::string done = request_.how == "copy" ? "copied" : request_.how == "link" ? "linked" : "moved";
    std::string out = rows.size() > 1 ? table_text(rows) : "";
    if (result.undone > 0)
      out += "put back first: " + counted(result.undone, "photo") + " of a move that was cut short\n";
    out += done + " " + counted(result.placed, "photo") + " to " + printable(request_.target);
    if (result.there > 0) out += ", " + with_thousands(result.there) + " were there";
    return out + "\n";
  }

  SplitRequest request_;
  bool json_ = false;
};

class UnpackCommand {
 public:
  explicit UnpackCommand(CommandApp& app) {
    app.example("cvtool data unpack a.png --labels a.json -o photos", "every label, named by its number");
    app.example("cvtool data unpack a.png --labels a.json --classes car=1,truck=9 -o photos", "two of them");
    app.add_option("sheets", request_.sheets, "pictures that hold one picture per row, in the order of the labels")
        ->type_name("IMAGE")
        ->required();
    app.add_option("--labels", request_.labels, "JSON file: a list of one integer per row")
        ->type_name("FILE")
        ->required();
    app.add_option("-o,--output", request_.output, "folder where the class folders are made")
        ->type_name("DIR")
        ->required();
    app.add_flag("--json", json_, "print one JSON document");
    fields(request_.options, FlagBinder(app, "The pictures"));
  }

  int run(const Engine& engine, Console& console) {
    const UnpackResult result = engine.unpack(request_, console);
    console.clear_bar();
    print(json_ ? text_from_json(result) : table(result));
    return 0;
  }

 private:
  std::string table(const UnpackResult& result) const {
    std::vector<std::vector<std::string>> rows{{"class", "pictures"}};
    for (const auto& [name, count] : result.counts) rows.push_back({printable(name), with_thousands(count)});
    std::string out =
        table_text(rows) + "wrote " + counted(result.written, "picture") + " to " + printable(request_.output);
    if (result.there > 0) out += ", " + with_thousands(result.there) + " were there";
    return out + "\n";
  }

  UnpackRequest request_;
  bool json_ = false;
};

}  // namespace

Command make_sample(CommandApp& app) { return command_of<SampleCommand>(app); }
Command make_split(CommandApp& app) { return command_of<SplitCommand>(app); }
Command make_unpack(CommandApp& app) { return command_of<UnpackCommand>(app); }

}  // namespace cvtool
