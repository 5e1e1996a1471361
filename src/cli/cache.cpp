// cvtool cache: what is kept on the disk so that work need not be done twice. Needs no engine.
#include <nlohmann/json.hpp>

#include "base/cache_files.h"
#include "base/error.h"
#include "base/output.h"
#include "base/text.h"
#include "cli/cells.h"
#include "cli/command.h"
#include "cli/command_app.h"
#include "cli/console.h"

namespace cvtool {
namespace {

using CacheRows = std::vector<std::vector<std::string>>;

std::string age_text(double seconds) {
  constexpr double kDay_s = 24 * 3600;
  return seconds < 2 * kDay_s ? duration_text(seconds) : counted(static_cast<int64_t>(seconds / kDay_s), "day");
}

class CacheListCommand {
 public:
  explicit CacheListCommand(CommandApp& app) {
    app.example("cvtool cache list", "a table");
    app.example("cvtool cache list --json", "with the path of each file");
    app.add_flag("--json", json_, "print one JSON document");
  }

  int run(Console&) const {
    const auto files = cache_files();
    print(json_ ? document(files) : table(files));
    return 0;
  }

 private:
  static std::string document(const std::vector<CacheFile>& files) {
    Json json{{"kinds", Json::array()}, {"files", files}, {"limit_bytes", cache_limit_bytes()}};
    for (const CacheKind& kind : cache_kinds()) {
      CacheTotal total;
      for (const CacheFile& file : files)
        if (file.kind == kind.name) total.add(file);
      json["kinds"].push_back({{"kind", kind.name}, {"what", kind.what}, {"place", kind.place}, {"total", total}});
    }
    return text_from_json(json);
  }

  static std::string table(const std::vector<CacheFile>& files) {
    std::string text;
    std::vector<std::string> limited;
    for (const CacheKind& kind : cache_kinds()) {
      if (kind.limited) limited.push_back(kind.name);
      CacheTotal total;
      CacheRows rows;
      for (const CacheFile& file : files) {
        if (file.kind != kind.name) continue;
        total.add(file);
        const std::string name = file.path.substr(file.path.rfind('/') + 1);
        rows.push_back({"  " + printable(name), size_text(file.bytes),
                        file.in_use ? "in use" : "unused for " + age_text(file.unused_s)});
      }
      text += kind.name + ": " + counted(total.files, "file") + ", " + size_text(total.bytes) + " (" + kind.what +
              "), " + printable(kind.place) + "\n" + table_text(rows);
    }
    return text + "limit of " + join(limited, ", ") + " together: " + size_text(cache_limit_bytes()) +
           " (CVTOOL_CACHE_LIMIT, in megabytes)\n";
  }

  bool json_ = false;
};

class CacheClearCommand {
 public:
  explicit CacheClearCommand(CommandApp& app) {
    std::vector<std::string> all, remade;
    for (const CacheKind& kind : cache_kinds()) {
      all.push_back(kind.name);
      if (kind.remade) remade.push_back(kind.name);
    }
    app.example("cvtool cache clear", "what is made again by itself");
    app.example("cvtool cache clear pixels bases", "resized photos, and imported backbones too");
    app.add_option("kinds", kinds_, "what to remove (default: " + join(remade, ", ") + ")")->type_name(join(all, "|"));
    app.add_flag("--json", json_, "print one JSON document");
  }

  int run(Console& console) const {
    CacheTotal freed, used, stuck;
    for (const CacheFile& file : cache_files(wanted()))
      (remove_cache_file(file.path) ? freed : file.in_use ? used : stuck).add(file);
    print(json_ ? text_from_json(Json{{"freed", freed}, {"in_use", used}, {"not_removed", stuck}})
                : "freed " + size_text(freed.bytes) + " in " + counted(freed.files, "file") + "\n");
    if (used.files > 0)
      console.print_error(counted(used.files, "file") + " (" + size_text(used.bytes) +
                          ") kept: a running cvtool uses what is in them");
    if (stuck.files > 0)
      throw Error(counted(stuck.files, "file") +
                  " of the caches cannot be removed; look at their folders' owner with "
                  "cvtool cache list");
    return 0;
  }

 private:
  std::vector<std::string> wanted() const {
    std::vector<std::string> known, names = kinds_;
    for (const CacheKind& kind : cache_kinds()) {
      known.push_back(kind.name);
      if (kinds_.empty() && kind.remade) names.push_back(kind.name);
    }
    for (const std::string& name : names)
      if (std::find(known.begin(), known.end(), name) == known.end())
        throw UsageError(unknown_word("cache", name, known) + "; see cvtool cache clear --help");
    return names;
  }

  std::vector<std::string> kinds_;
  bool json_ = false;
};

}  // namespace

Command make_cache_list(CommandApp& app) { return light_command_of<CacheListCommand>(app); }
Command make_cache_clear(CommandApp& app) { return light_command_of<CacheClearCommand>(app); }

}  // namespace cvtool
