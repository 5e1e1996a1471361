"""What is mutated, and which tests are to see it."""
import dataclasses

TEXTS = r"key|recipe|name_of|kept_at|identity|place"


@dataclasses.dataclass
class Subject:
    """sources: (file, regular expression of the functions, or "" for all). tests: (target, arguments), the fastest first; an
    argument {target} stands for another linked program. terms: in functions of such names, texts lose their parts."""
    sources: list
    tests: list
    terms: str = ""


def files(room, *names):
    """The cases of these files of a room's test program."""
    return [(f"test_{room}", [f"--source-file=*/test_{name}.cpp"]) for name in names]


def suite(room, *names):
    """A room's test program, at first the cases of these of its files."""
    return files(room, *names) + [(f"test_{room}", ["--test-suite-exclude=photos,cuda"])]


SUBJECTS = {
    "metrics": Subject(
        [(f"src/metrics/{name}.cpp", "") for name in ("bootstrap", "calibration_metrics", "class_metrics", "evaluation_metrics",
                                                      "metric_view", "predictions", "ranking_metrics", "significance", "temperature")],
        suite("metrics") + [("metrics_cases", ["/usr/bin/python3", "{source}/tests/metrics/check_metrics.py", "{metrics_cases}"])]),
    "losses": Subject([("src/train/losses.cpp", ""), ("src/train/probe/probe_loss.cpp", r"(?!rows_of_block|number_of_parts|team_of_lanes).*")],
                      files("train", "losses", "class_weights", "probe_loss", "probe", "keras_steps")),
    "optimizers": Subject(
        [("src/train/optimizer.cpp", ""), ("src/train/updates_together.cpp", ""), ("src/train/weight_average.cpp", ""),
         ("src/train/stepper.cpp", ""), ("src/parts/loss_scale.cpp", "")],
        files("train", "optimizer", "keras_steps") + files("parts", "loss_scale") + files("train", "trainer")),
    "schedules": Subject(
        [("src/train/schedule.cpp", ""), ("src/train/stopping.cpp", "")], files("train", "schedule", "stopping", "advice", "trainer")),
    "split": Subject(
        [("src/data/hold_out.cpp", ""), ("src/datatools/split_folder.cpp", ""), ("src/datatools/move_plan.cpp", "")],
        files("data", "hold_out") + files("datatools", "split_folder") + files("data", "dataset", "copies")),
    "cache_keys": Subject(
        [("src/data/pixel_cache.cpp", ""), ("src/data/disk_cache.cpp", ""), ("src/data/photo_store.cpp", "pixel_recipe|pixel_key|open_cache"),
         ("src/base/cache_files.cpp", ""), ("src/train/feature_store.cpp", "cache_key|feature_variants_of|is_kept"),
         ("src/train/frozen_net.cpp", "name_of"), ("src/model/verified_files.cpp", ""), ("src/model/ready_net.cpp", "kept_at|kept_model|keep")],
        suite("base", "cache_files") + files("data", "cache") + files("model", "verified_files", "ready_net") +
        files("train", "feature_store"), TEXTS),
    "atomic_files": Subject([("src/base/atomic_file.cpp", ""), ("src/base/files.cpp", "")], suite("base", "atomic_file", "files")),
    "gates": Subject([("src/spec/gates.cpp", "")], suite("spec", "gates")),
    "resume": Subject([("src/run/resume.cpp", ""), ("src/train/training_state.cpp", "")],
                      suite("run", "resume") + files("train", "checkpoint", "trainer")),
    "sum_tree": Subject([("src/parts/sum_tree.cpp", "")], suite("parts", "sum_tree", "parted_net")),
}
