"""Compares the metrics that metrics_cases prints with scikit-learn's, to 1e-9.

usage: check_metrics.py PATH_OF_METRICS_CASES
"""
import json
import subprocess
import sys
import warnings

import numpy as np
import scipy.stats
import sklearn.metrics as sk
from sklearn.kernel_ridge import KernelRidge

warnings.filterwarnings("ignore")  # scikit-learn warns of the absent classes that are meant here
TOLERANCE = 1e-9
compared = {}


def same(name, ours, theirs):
    ours = np.nan if ours is None else ours
    compared[name] = compared.get(name, 0) + (0 if np.isnan(theirs) else 1)
    if not (np.isnan(ours) and np.isnan(theirs)) and not abs(ours - theirs) <= TOLERANCE:
        raise AssertionError(f"{name}: {ours!r}, scikit-learn {theirs!r}")


def check_decisions(case, y, p, m):
    k = case["classes"]
    said = p.argmax(1)
    same("accuracy", m["accuracy"], sk.accuracy_score(y, said))
    same("balanced_accuracy", m["balanced_accuracy"], sk.balanced_accuracy_score(y, said))
    same("cohen_kappa", m["cohen_kappa"], sk.cohen_kappa_score(y, said))
    same("mcc", m["mcc"], sk.matthews_corrcoef(y, said))
    same("majority_baseline", m["majority_baseline"], np.bincount(y).max() / len(y))
    assert (np.array(case["confusion"]) == sk.confusion_matrix(y, said, labels=range(k))).all()
    by_class = sk.precision_recall_fscore_support(y, said, labels=range(k), zero_division=0)
    for key, values in zip(("precision", "recall", "f1", "support"), by_class):
        for c in range(k):
            same(key, m[key][str(c)], values[c])
    for average in ("macro", "weighted"):
        values = sk.precision_recall_fscore_support(y, said, average=average, zero_division=0)
        for key, value in zip(("precision", "recall", "f1"), values):
            same(average + "." + key, m[average][key], value)
    wilson = scipy.stats.binomtest(int((y == said).sum()), len(y)).proportion_ci(method="wilson")
    same("wilson", case["intervals"]["accuracy"][0], wilson.low)
    same("wilson", case["intervals"]["accuracy"][1], wilson.high)


def check_rankings(case, y, p, m):
    k = case["classes"]
    areas, precisions = [], []
    for c in range(k):
        positive = y == c
        area = sk.roc_auc_score(positive, p[:, c]) if 0 < positive.sum() < len(y) else np.nan
        precision = sk.average_precision_score(positive, p[:, c]) if positive.any() else np.nan
        same("roc_auc_by_class", m["roc_auc_by_class"][str(c)], area)
        same("average_precision_by_class", m["average_precision_by_class"][str(c)], precision)
        areas.append(area)
        precisions.append(precision)
    same("roc_auc", m["roc_auc"], areas[1] if k == 2 else np.nanmean(areas))
    same("average_precision", m["average_precision"], precisions[1] if k == 2 else np.nanmean(precisions))
    if k > 2 and len(set(y)) == k:
        same("roc_auc_ovr", m["roc_auc"], sk.roc_auc_score(y, p, multi_class="ovr"))
    for top, ours in case["top_k"].items():
        if k > 2 and int(top) < k:
            same("top_k", ours, sk.top_k_accuracy_score(y, p, k=int(top), labels=range(k)))


def check_probabilities(case, y, p, m):
    k = case["classes"]
    same("log_loss", m["log_loss"], sk.log_loss(y, p, labels=range(k)))
    if k == 2:
        same("brier", m["brier"], sk.brier_score_loss(y, p[:, 1], pos_label=1))
    else:
        same("brier", m["brier"], ((p - np.eye(k)[y]) ** 2).sum(1).mean())
    sure, right = p.max(1), p.argmax(1) == y
    error = 0.0
    for b in range(15):
        inside = (sure > b / 15) & (sure <= (b + 1) / 15)
        if inside.any():
            error += inside.mean() * abs(right[inside].mean() - sure[inside].mean())
    same("ece", m["ece"], error)


def check_thresholds(y, p, m):
    precision, recall, _ = sk.precision_recall_curve(y, p[:, 1])
    with np.errstate(invalid="ignore"):
        f1 = np.nan_to_num(2 * precision * recall / (precision + recall))
    if y.any():
        same("best_f1", m["best_f1_threshold"]["f1"], f1.max())
    for row in [m["best_f1_threshold"]] + m["thresholds"]:
        said = p[:, 1] >= row["threshold"]
        same("threshold.f1", row["f1"], sk.f1_score(y, said, zero_division=0))
        same("threshold.precision", row["precision"], sk.precision_score(y, said, zero_division=0))
        same("threshold.recall", row["recall"], sk.recall_score(y, said, zero_division=0))
        same("threshold.accuracy", row["accuracy"], sk.accuracy_score(y, said))


def check(case):
    y = np.array(case["labels"])
    p = np.array(case["probabilities"]).reshape(len(y), case["classes"])
    check_decisions(case, y, p, case["metrics"])
    check_rankings(case, y, p, case["metrics"])
    check_probabilities(case, y, p, case["metrics"])
    if case["classes"] == 2:
        check_thresholds(y, p, case["metrics"])
    first, second, value = case["mcnemar"]
    same("mcnemar", value, scipy.stats.binomtest(first, first + second).pvalue if first + second else 1.0)


def check_comparison(case):
    first, second = (np.array(case[key]).reshape(-1, case["width"]) for key in ("first", "second"))
    x = np.concatenate([first, second])
    deviation = x.std(0)
    deviation[-1] = 1  # it never changes
    x = (x - x.mean(0)) / deviation
    y = np.repeat([0.0, 1.0], [len(first), len(second)])
    d = ((x[:, None] - x[None]) ** 2).sum(2)[np.triu_indices(len(x), 1)]
    folds, pairs, right = np.array(case["folds"]), 0, 0
    for fold in range(5):
        out = folds == fold
        assert abs(y[out].sum() - len(second) / 5) < 1 and abs((1 - y[out]).sum() - len(first) / 5) < 1, "folds are not stratified"
        ridge = KernelRidge(alpha=1, kernel="rbf", gamma=1 / np.median(d[d > 0])).fit(x[~out], y[~out] - y.mean())
        said = ridge.predict(x[out])
        for ours, theirs in zip(np.array(case["scores"])[out], said):
            same("held_out_score", ours, theirs)
        count = y[out].sum() * (1 - y[out]).sum()
        pairs, right = pairs + count, right + count * sk.roc_auc_score(y[out], said)
    same("comparison_auc", case["auc"], right / pairs)
    one, other = case["rounded"]
    same("higher_in_second", case["higher"], scipy.stats.mannwhitneyu(other, one).statistic / (len(one) * len(other)))
    statistic, p_value, freedom = scipy.stats.chi2_contingency(case["classes"], correction=False)[:3]
    for name, ours, theirs in zip(("chi_square", "chi_square_p", "chi_square_freedom"), case["chi_square"], (statistic, p_value, freedom)):
        same(name, ours, theirs)


def main():
    lines = subprocess.run([sys.argv[1]], stdout=subprocess.PIPE, check=True, text=True).stdout.splitlines()
    for number, line in enumerate(lines):
        try:
            case = json.loads(line)
            check_comparison(case["comparison"]) if "comparison" in case else check(case)
        except AssertionError as error:
            sys.exit(f"case {number}: {error}")
    assert len(lines) == 220, f"{len(lines)} cases instead of 220"
    assert all(compared.values()), f"never compared: {[name for name, count in compared.items() if not count]}"
    print(f"220 cases, {sum(compared.values())} values of {len(compared)} metrics equal to scikit-learn's to {TOLERANCE}")


main()
