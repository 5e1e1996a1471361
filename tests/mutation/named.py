"""Faults that a reading of the sources thought no test would see: (subject, file, where, words, other words). `where` stands once in the
file and holds the words once; they are an expression, or a statement with its semicolon."""
import os

from points import Mutant

NAMED = [
    ("optimizers", "src/train/weight_average.cpp", "(1 + n) / (10 + n)", "(10 + n)", "(2 + n)"),
    ("optimizers", "src/parts/loss_scale.cpp", "smaller = (value_ / 2)", "value_ / 2", "value_"),
    ("optimizers", "src/train/phases.cpp", "kBackboneRate = 0.1;", "0.1", "1.0"),
    ("schedules", "src/train/trainer.cpp", "steps = std::ceil(static_cast<double>(phase_.train->size()) / static_cast<double>(group));",
     "std::ceil(static_cast<double>(phase_.train->size()) / static_cast<double>(group))",
     "std::floor(static_cast<double>(phase_.train->size()) / static_cast<double>(group))"),
    ("cache_keys", "src/data/photo_store.cpp", "options.data.resize + \" \"", "options.data.resize", "std::string()"),
    ("cache_keys", "src/data/photo_store.cpp", "options.data.interpolation +", "options.data.interpolation", "std::string()"),
    ("cache_keys", "src/train/feature_store.cpp", "+ '\\n' + options.variants.key;", "options.variants.key", "std::string()"),
    ("atomic_files", "src/base/atomic_file.cpp", "if (::fsync(file_) != 0 &&", "::fsync(file_) != 0", "false"),
    ("resume", "src/train/training_state.cpp", "  fresh.flush();", "fresh.flush()", "(void)0"),
    ("resume", "src/run/resume.cpp", "train.erase(\"patience\");", "train.erase(\"patience\")",
     "train.erase(\"patience\") + train.erase(\"accumulate\") + train.erase(\"ema\")"),
]


def mutants_of(source, subject):
    found = []
    for name, file, where, before, after in NAMED:
        if name != subject:
            continue
        with open(os.path.join(source, file), "rb") as opened:
            text = opened.read()
        around, words = where.encode(), before.encode()
        if text.count(around) != 1 or around.count(words) != 1:
            raise SystemExit(f"named.py: '{where}' stands {text.count(around)} times in {file}, not once, or does not hold '{before}' once")
        start = text.index(around) + around.index(words)
        form = "discarded" if after == "(void)0" else "statement" if before.endswith(";") else "value"
        line = text.count(b"\n", 0, start) + 1
        found.append(Mutant(file, "by name", line, start, start + len(words), form, before, after, after))
    return found
