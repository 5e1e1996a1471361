// What each command asks of the engine: plain structs, free of LibTorch and OpenCV.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>

#include "base/fields.h"
#include "spec/augment_kinds.h"
#include "spec/data_config.h"
#include "spec/datatools_options.h"
#include "spec/extraction_options.h"
#include "spec/gates.h"

namespace cvtool {

// How photos are read on this machine.
struct ReadOptions {
  int64_t workers = 0;
  int64_t max_pixels = 178'000'000;
};
template <class Visitor>
void fields(ReadOptions& c, Visitor&& visit) {
  visit("workers", c.workers,
        Doc("threads that read photos").means("0", "one per core, less under a quota").range(0, 4096).alias("-j"));
  visit("max_pixels", c.max_pixels, Doc("a picture of more pixels is refused before memory is taken").range(1, 1e12));
}

// And how a net is run on them; changes no result but the device's rounding.
struct ComputeOptions : ReadOptions {
  std::string device = "auto";
  int64_t threads = 0;
};
template <class Visitor>
void fields(ComputeOptions& c, Visitor&& visit) {
  visit("device", c.device, Doc("where the net is computed").takes("auto|cpu|cuda|cuda:N"));
  visit("threads", c.threads, Doc("compute threads").means("0", "one per core, less under a quota").range(0, 4096));
  fields(static_cast<ReadOptions&>(c), visit);
}

// And how photos that are used more than once are kept.
struct RunOptions : ComputeOptions {
  std::string cache = "auto";
  int64_t cache_budget = 0;
  bool strict = false;
};
template <class Visitor>
void fields(RunOptions& c, Visitor&& visit) {
  fields(static_cast<ComputeOptions&>(c), visit);
  visit("cache", c.cache, Doc("where resized photos are kept").words({"auto", "ram", "disk", "none"}));
  visit("cache_budget", c.cache_budget,
        Doc("megabytes of memory for resized photos; what does not fit is kept on disk")
            .means("0", "half of what is free")
            .takes("MB")
            .range(0, 1e9));
  visit("strict", c.strict, Doc("a bad file ends the command (exit 4) instead of being skipped"));
}

// How several processes work together.
struct CompanyOptions {
  double dist_timeout = 60;
};
template <class Visitor>
void fields(CompanyOptions& c, Visitor&& visit) {
  visit("dist_timeout", c.dist_timeout,
        Doc("of several processes (torchrun, mpirun, srun): after so long a silence of one, all end")
            .takes("SECONDS")
            .range(1, 1e6));
}

// How a training runs, whatever it trains.
struct SessionOptions : CompanyOptions {
  double time_limit = 0;
  double checkpoint_minutes = 10;
  bool tensorboard = false;
  bool profile = false;
};
template <class Visitor>
void fields(SessionOptions& c, Visitor&& visit) {
  visit("time_limit", c.time_limit,
        Doc("minutes after which training ends in good order").means("0", "none").takes("MINUTES").range(0, 1e7));
  visit("checkpoint_minutes", c.checkpoint_minutes,
        Doc("minutes between checkpoints within an epoch").takes("MINUTES").range(0, 1e7));
  visit("tensorboard", c.tensorboard, Doc("write event files for TensorBoard to RUN/tensorboard"));
  visit("profile", c.profile, Doc("say where each epoch's time went, and write it to RUN/profile.json"));
  fields(static_cast<CompanyOptions&>(c), visit);
}

struct TrainRequest {
  std::string data;
  std::string recipe;               // name or file; empty: the default recipe
  Json overrides = Json::object();  // see load_recipe: what the flags say; of the base choose_base's words too
  std::string from;                 // run or model file whose net is trained on; empty: a new net
  RunOptions run;
  SessionOptions session;
  Json run_given = Json::object(),
       session_given = Json::object();  // what the flags say of the two: a resumed run has its own
  std::string project = "runs";
  std::string name;  // empty: train, train2, ...
  bool resumes = false;
  std::string resume;  // run to go on with; empty: the newest of the project
  bool force = false;  // go on even where that changes the result
  // Minutes for the search of how to train, where that is left open, and the training itself; none: no clock is looked
  // at.
  std::optional<double> budget_minutes = 10;
  bool budget_is_asked = false;  // for some minutes, by the user
  bool offline = false;          // where no backbone lies ready, none is fetched
};

struct EvalRequest {
  std::string data, model;
  ColumnNames columns;  // of a CSV file; what is empty is as the model's recipe says
  std::string split;    // empty: test, else valid
  std::string precision = "fp32";
  std::string output;  // folder; empty: eval-SPLIT beside the model
  std::vector<Gate> gates;
  std::string junit, summary;  // files: JUnit XML; Markdown that is appended; empty: none
  std::string baseline;        // a metrics.json, run or model file to compare with; empty: none
  std::string calibrate;       // "temperature": fit it first and store it in the model; empty: do not
  bool fit_unknown = false, fit_coverage = false;  // fit that first and store it in the model
  std::optional<double> coverage;                  // to measure; none: 0.9, where the model was calibrated for it
  std::string ood;                                 // folder of photos of something else; empty: none
  std::optional<double> threshold;                 // of the second of two classes
  int64_t batch = 64;
  TtaPlan tta;
  RunOptions run;
  CompanyOptions company;
};

// What predict is asked for beside its photos.
struct PredictOptions {
  int64_t top = 1;
  double threshold = 0;
  std::string draw, sort_into;
  std::string sort_how = "copy";
  bool raw = false;
  std::optional<double> unknown;   // above 0 and below 1: the rate of false alarms; none: unknown photos are not told
  std::optional<double> coverage;  // the same: how often the right class is to be possible; none: sets are not named
};
template <class Visitor>
void fields(PredictOptions& c, Visitor&& visit) {
  visit("top", c.top, Doc("how many classes to name").range(1, 1'000'000));
  visit("threshold", c.threshold,
        Doc("a photo whose best class is less probable is called 'unknown'").takes("P").range(0, 1));
  visit("raw", c.raw,
        Doc("of a head of several sigmoid units, each unit's own sigmoid, as Keras gives them, instead of "
            "probabilities; they need not sum to 1"));
  visit("draw", c.draw, Doc("folder for the photos with their labels drawn on them").takes("DIR"));
  visit("sort_into", c.sort_into,
        Doc("folder where the photos are put into a folder per class; nothing is overwritten").takes("DIR"));
  visit("sort_how", c.sort_how, Doc("how --sort-into puts them there").words({"copy", "link"}));
}

struct PredictRequest {
  std::vector<std::string> inputs;  // files, folders, patterns; "-": a list of paths on standard input
  bool null_separated = false;      // that list is separated by NUL, as find -print0 writes it
  bool stdin_image = false;         // standard input is one photo
  std::string watch;                // folder whose new photos are predicted until the user ends it
  PredictOptions options;
  std::string model;
  std::string precision = "fp32";
  int64_t batch = 64;
  TtaPlan tta;
  ComputeOptions run;
  CompanyOptions company;
};

// What a model is exported as.
struct ExportOptions {
  std::string format = "torchscript", precision = "fp32";
  bool with_resize = false;
  int64_t opset = 13;
  std::string verify_data, calibrate;
  ImageSize imgsz{224, 224};
};
template <class Visitor>
void fields(ExportOptions& c, Visitor&& visit) {
  visit("format", c.format, Doc("what to write").words({"torchscript", "onnx", "safetensors", "header"}));
  visit("precision", c.precision,
        Doc("how weights are kept; fp16 and int8 for ONNX compute so too, int8 needs --calibrate")
            .words({"fp32", "bf16", "fp16", "int8"}));
  visit("with_resize", c.with_resize,
        Doc("torchscript, header, onnx: the model resizes pictures of any size by itself"));
  visit("opset", c.opset,
        Doc("onnx: version of its operations, 13, 17, 18 or 20; newer ones have fewer operations in a graph")
            .range(1, 1000));
  visit("verify_data", c.verify_data,
        Doc("data set to compare the exported file with the model on, beside the golden sample")
            .means("empty", "64 drawn pictures")
            .takes("DIR|FILE"));
  visit("calibrate", c.calibrate, Doc("folder of photos that show int8 how large values become").takes("DIR"));
  visit("imgsz", c.imgsz, Doc("onnx of a TorchScript file that is not a cvtool model: its input size").range(1, 8192));
}

struct ExportRequest {
  std::string model, output;
  ExportOptions options;
  RunOptions run;
};

struct VerifyRequest {
  std::string file;  // model file or ONNX file of cvtool
};

struct ImportRequest {
  std::string backbone, variant;  // an empty variant: that of the weights, torchvision's where they are fetched
  double alpha = 0;               // 0: that of the weights
  std::string weights;            // file; empty: the official file is fetched
  std::string output;             // empty: in user_data_folder()/bases
};

// data check, stats and preview: which photos, and how they are looked at.
struct LookOptions : ReadOptions {
  int64_t seed = 42;
};
template <class Visitor>
void fields(LookOptions& c, Visitor&& visit) {
  visit("seed", c.seed, Doc("seed of the split and of the choice of photos").range(0, 9007199254740991.0));
  fields(static_cast<ReadOptions&>(c), visit);
}

struct LookRequest {
  std::string data;
  Json overrides = Json::object();  // of DataConfig
  LookOptions look;
  std::string output;  // picture to write; empty: none
};

struct CompareRequest {
  std::vector<std::string> runs;  // folders; empty: every run of `runs`
  std::string output;             // picture of the curves; empty: compare.png beside the first run
};

struct PreviewOptions {
  std::string recipe;                         // name or file; empty: the default recipe, where `augment` is given
  Json augment;                               // resolved list in place of the recipe's; null: the recipe's
  Json train = Json::object();                // overrides of the recipe's TrainConfig
  int64_t rows = 0, cols = 0, per_class = 0;  // 0: 8, or 4 as training sees them
  std::string split = "train";
};
template <class Visitor>
void fields(PreviewOptions& c, Visitor&& visit) {
  visit("recipe", c.recipe,
        Doc("show photos as training with this recipe would see them: a name or a JSON file").takes("RECIPE"));
  visit("rows", c.rows, Doc("rows of photos").means("0", "8, or 4 with --recipe or --augment").range(0, 200));
  visit("cols", c.cols, Doc("columns of photos").means("0", "8, or 4 with --recipe or --augment").range(0, 200));
  visit("per_class", c.per_class,
        Doc("so many photos of each class, class by class").means("0", "any").range(0, 10000));
  visit("split", c.split, Doc("which photos").words({"train", "valid", "test"}));
}

struct SplitOptions {
  double valid = 0.1, test = 0.1;
  int64_t seed = 42;
  std::string group;
};
template <class Visitor>
void fields(SplitOptions& c, Visitor&& visit) {
  visit("valid", c.valid, Doc("fraction for validation").range(0, 0.9));
  visit("test", c.test, Doc("fraction for testing").range(0, 0.9));
  visit("seed", c.seed, Doc("seed of the split").range(0, 9007199254740991.0));
  visit("group", c.group, photo_group_doc());
}

struct SplitRequest {
  std::string source, target, how = "copy";  // how: copy, link or move
  SplitOptions options;
};

struct UnpackRequest {
  std::vector<std::string> sheets;  // image files
  std::string labels, output;       // JSON file; folder
  SpriteOptions options;
};

struct SummaryRequest {
  std::string subject;  // recipe name or file, model file, base
  int64_t classes = 0;  // of a recipe that leaves them open; 0: 2
  Json overrides = Json::object();
  bool costs = false;  // receptive fields, multiply-adds and memory too: the net runs once
};

// What is to be looked at.
struct ExplainRequest {
  std::string mode;                 // "kernel", "layer", "grad-cam", "grad-cam++", "occlusion" or "embed"
  std::vector<std::string> inputs;  // pictures and folders
  std::string output;               // file (a folder for --layer all); empty: beside the model
  std::string model;
  std::string kernel;  // see kernel_from_text
  ExtractionOptions extraction;
  std::string layer, channels;  // see channels_from_text
  bool kernels = false;         // a layer's kernels instead of its maps
  std::string class_name;       // empty: the class that is predicted
  int64_t patch_px = 0;         // of occlusion; 0: a fifth of the net's input
  RunOptions run;
};

}  // namespace cvtool
