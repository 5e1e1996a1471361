"""Settings drawn at random from what cvtool itself says that it takes: the tables of models/README.md, which a test holds complete
(keys, defaults, words and ranges of a recipe), and the flags with words in `cvtool manual`."""
import os
import re
import subprocess

README = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", "models", "README.md"))

# What would only make a training longer, or needs more than photos in two folders. The number is the most that is drawn.
MOST = {"imgsz": 64, "batch": 64, "accumulate": 4, "warmup": 3, "decay_every": 3, "patience": 3, "freeze_epochs": 2, "augment_views": 2, "lr": 0.05,
        "fine_tune_lr": 0.01, "probe_l2": 1, "clip_norm": 10, "min_delta": 0.1, "weight_decay": 0.1, "seed": 1000, "valid": 0.5, "test": 0.5}
LEAST = {"imgsz": 16, "batch": 4}
# Keys that take no value from a table; epochs are drawn by who trains.
OTHERS = {"class_weights": ["none", "auto"], "fine_tune": ["none", "all", "1", "2"]}
LEFT_OUT = {"epochs", "classes", "path_column", "label_column", "split_column", "group_column"}


class Key:
    """A row of a table: `name`, default, meaning."""

    def __init__(self, row):
        self.name, default, self.meaning = (cell.strip() for cell in row.strip().strip("|").split(" | ", 2))
        self.name, self.default = self.name.strip("`"), default.strip("`")
        self.words = re.findall(r"`([^`]+)`", self.meaning)
        bounds = re.search(r"(-?[\d.]+) to (below )?(-?[\d.]+)$", self.meaning)
        self.low, self.high = (float(bounds[1]), float(bounds[3])) if bounds else (0.0, 1000.0)

    def number(self, draw):
        low, high = max(self.low, LEAST.get(self.name, self.low)), min(self.high, MOST.get(self.name, self.high))
        # Small values more often: most quantities have their meaning by their order of magnitude.
        value = draw.choice([low, float(self.default), low + (high - low) * draw.random() ** 4])
        return round(value) if re.fullmatch(r"-?\d+", self.default) else float(f"{value:.4g}")

    def flags(self, draw):
        flag = "--" + self.name.replace("_", "-")
        if self.default in ("true", "false"):
            return [draw.choice([flag, "--no-" + flag[2:]])]
        choices = OTHERS.get(self.name, self.words)
        return [flag, draw.choice(choices) if choices else str(self.number(draw))]


def tables(sections):
    """Key of each row below the headings `### SECTION`."""
    keys, inside = [], False
    for line in open(README):
        if line.startswith("#"):
            inside = line.startswith("### ") and line[4:].strip() in sections
        elif inside and line.startswith("| `") and line.count("|") == 4:
            keys.append(Key(line))
    return [key for key in keys if key.name not in LEFT_OUT]


class Settings:
    def __init__(self, cvtool, draw):
        self.cvtool, self.draw = cvtool, draw
        self.of_all, self.of_base = tables({"data", "train"}), tables({"transfer"})
        self.steps = [word for word in self.words_of_list("steps") if word != "none"]
        self.manual = self.said("manual")
        if len(self.of_all) < 20 or len(self.of_base) < 5 or len(self.steps) < 10:
            raise SystemExit("models/README.md or cvtool completion is not as it was: too few settings were found")

    def said(self, *words):
        return subprocess.run([self.cvtool, *words], check=True, capture_output=True, text=True).stdout

    def words_of_list(self, name):
        return self.said("completion", "--words", name).split()

    def of_flag(self, command, flag):
        """The words that the flag takes, as the manual shows them: `--precision fp32|bf16`, or `--format WORD ...; one of a, b (default: a)`."""
        page = re.search(rf"^cvtool {command}\n=+\n(.*?)(?=^cvtool [a-z ]+\n=+$|\Z)", self.manual, re.M | re.S)
        text = " ".join(page[1].split())
        found = re.search(rf"{flag} (?:([a-z0-9_]+(?:\|[a-z0-9_]+)+)|WORD [^()]*one of ([^()]+) \()", text)
        return found[1].split("|") if found[1] else found[2].split(", ")

    def training(self, on_a_base):
        """Flags of a training: some keys, and now and then augmentation."""
        draw = self.draw
        keys = draw.sample(self.of_all, draw.randint(2, 6)) + (draw.sample(self.of_base, draw.randint(0, 3)) if on_a_base else [])
        words = [word for key in keys for word in key.flags(draw)]
        if draw.random() < 0.5:
            words += ["--augment", ",".join(draw.sample(self.steps, draw.randint(1, 3)))]
        return words
