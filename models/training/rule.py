"""A two-sided rule with a guarantee, by Learn-then-Test with exact binomial tests.

`no_flag_below`: of all label-positive studies at most ALPHA lie below it, with confidence 1 - delta; the thresholds are
tested from the lowest up, and testing stops at the first that fails, so that no further correction is needed within a finding.
`flag_at`: of all flagged studies at least a floor is label-positive, tested from the strictest down in the same way.
Over several findings of a population delta is shared out evenly (Bonferroni), so that all bounds hold jointly.
The bounds are about studies drawn like the calibration set and about the labels named on the card, never about disease.
"""

import dataclasses
import math

import numpy as np
from scipy.stats import beta, binom

ALPHA, DELTA = 0.01, 0.05


def allowed(positives, alpha, delta):
    """Most misses among `positives` that still show a miss rate of at most alpha; -1 where even none would not do."""
    misses = -1
    while binom.cdf(misses + 1, positives, alpha) <= delta:
        misses += 1
    return misses


def needed(misses, alpha, delta):
    """Least number of positives at which `misses` misses show a miss rate of at most alpha."""
    count = max(1, int(math.log(delta) / math.log1p(-alpha)))
    while binom.cdf(misses, count, alpha) > delta:
        count += 1
    return count


def upper_bound(misses, positives, delta):
    """Exact one-sided upper bound of the miss rate."""
    return 1.0 if misses >= positives else float(beta.ppf(1.0 - delta, misses + 1, positives - misses))


def lower_bound(hits, total, delta):
    """Exact one-sided lower bound of a share."""
    return 0.0 if hits == 0 else float(beta.ppf(delta, hits, total - hits + 1))


@dataclasses.dataclass
class Side:
    """One side of the rule: its threshold or the reason why there is none, and what the calibration set showed."""

    threshold: float | None
    counted: int  # label-positive studies, or flagged studies
    wrong: int  # of these missed, or falsely flagged
    bound: float  # exact bound of the share missed, or of the precision
    reason: str = ""


def no_flag(truth, score, alpha, delta):
    """Largest `no_flag_below` that the calibration set supports."""
    positives = np.sort(np.asarray(score)[np.asarray(truth) > 0])
    most = allowed(len(positives), alpha, delta)
    if most < 0:
        reason = f"{len(positives)} label-positive studies; {needed(0, alpha, delta)} with no miss are needed, {needed(1, alpha, delta)} with one"
        return Side(None, len(positives), 0, upper_bound(0, len(positives), delta), reason)
    threshold = float(positives[most])
    missed = int((positives < threshold).sum())
    return Side(threshold, len(positives), missed, upper_bound(missed, len(positives), delta))


def flag(truth, score, floor, delta, least=30):
    """Smallest `flag_at` reached while every stricter threshold tried showed a precision of at least `floor`.

    The first threshold flags twice the studies that would be needed without an error (at least `least`), each next a tenth more.
    """
    order = np.argsort(-np.asarray(score), kind="stable")
    truth, score = np.asarray(truth)[order] > 0, np.asarray(score)[order]
    best, hits = None, np.cumsum(truth)
    ends = np.flatnonzero(np.append(score[1:] < score[:-1], True)) + 1  # equal scores are flagged together
    first = max(least, math.ceil(2 * math.log(delta) / math.log(floor)))
    target = first
    while (ends >= target).any():
        count = int(ends[ends >= target][0])
        if lower_bound(int(hits[count - 1]), count, delta) < floor:
            break
        best, target = count, max(count + 1, math.ceil(count * 1.1))
    if best is None:
        first = min(first, len(score))
        found = int(hits[first - 1])
        return Side(None, first, first - found, lower_bound(found, first, delta),
                    f"of the {first} highest studies {found} are label-positive; a precision of {floor} is not shown")
    threshold = float(score[best - 1])
    chosen = score >= threshold
    return Side(threshold, int(chosen.sum()), int((~truth[chosen]).sum()), lower_bound(int(truth[chosen].sum()), int(chosen.sum()), delta))


def per_person(truth, score, persons, threshold):
    """Persons with a label-positive study, and those of them with one below the threshold: films of a person are not independent."""
    positive = np.asarray(truth) > 0
    with_one = set(np.asarray(persons)[positive])
    missed = set(np.asarray(persons)[positive & (np.asarray(score) < threshold)])
    return len(with_one), len(missed)


def choose(findings, truth, score, persons, floors, alpha=ALPHA, delta=DELTA, least=30):
    """The rule of one population: for each finding a table of plain data. Columns of `truth` with nan are unknown."""
    shared = delta / len(findings)
    tables = []
    for index, name in enumerate(findings):
        known = ~np.isnan(truth[:, index])
        quiet = no_flag(truth[known, index], score[known, index], alpha, shared)
        loud = flag(truth[known, index], score[known, index], floors[index], shared, least)
        table = {"finding": name, "studies": int(known.sum()), "positives": int(np.nansum(truth[:, index])), "alpha": alpha,
                 "delta_joint": delta, "delta": round(shared, 6), "misses": quiet.wrong, "miss_bound": round(quiet.bound, 6)}
        if quiet.threshold is None:
            table["no_flag_reason"] = quiet.reason
        else:
            table["no_flag_below"] = round(math.floor(quiet.threshold * 1e6) / 1e6, 6)
            count, missed = per_person(truth[known, index], score[known, index], persons[known], table["no_flag_below"])
            table |= {"persons": count, "persons_missed": missed, "person_miss_bound": round(upper_bound(missed, count, shared), 6)}
        table |= {"precision_floor": floors[index], "flagged": loud.counted, "flagged_wrong": loud.wrong, "precision_bound": round(loud.bound, 6)}
        if loud.threshold is None:
            table["flag_reason"] = loud.reason
        else:
            table["flag_at"] = round(math.ceil(loud.threshold * 1e6) / 1e6, 6)
        tables.append(table)
    return tables


def hidden(share_quiet_positive, share_quiet_negative, prevalence):
    """Share of the `no-flag` studies that hide a finding at a prevalence; reported beside the guarantee, never as it."""
    hiding = prevalence * share_quiet_positive
    quiet = hiding + (1 - prevalence) * share_quiet_negative
    return hiding / quiet if quiet > 0 else float("nan")


def toml(populations, head):
    """The text of `rule.toml`: `head` at the top, then [[population.finding]] tables."""
    from bundle import toml_value
    lines = [f"{key} = {toml_value(value)}" for key, value in head.items()]
    for name, tables in populations.items():
        lines += ["", "[[population]]", f"name = {toml_value(name)}"]
        for table in tables:
            lines += ["", "[[population.finding]]"] + [f"{key} = {toml_value(value)}" for key, value in table.items()]
    return "\n".join(lines) + "\n"
