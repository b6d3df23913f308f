"""Limits whose promise is conditioned on the label, and holds on the worst of several groups and disturbances.

A precision depends on how many of a hospital's films are ill, which no calibration set knows. So the promises are rates:
`no_flag_below`: of persons with a label-positive film, at most `alpha` have one below it.
`flag_at`: of persons with a label-negative film, at most `beta` have one at or above it.
A limit is found in every group under every disturbance by an exact binomial bound, and the strictest of all is taken. The first group
holds everybody and has the promised rate; the others have a rate of their own, as none may be much worse off than all. Half of the error
`delta` is everybody's, the other half is shared out over the groups, because a statement is made about each. Under the disturbances the
same persons are seen again: each disturbance is a statement of its own at the group's delta, never a joint one.
A group with too few persons to show its rate gets no miss at all, and the bound that its count does show stands beside it.
The unit is the person, because films of one person are not independent. The precision that the rates imply at several shares of
ill films is computed and shown, and is no promise.
"""

import dataclasses
import math

import numpy as np

import rule

PREVALENCES = (0.01, 0.05, 0.2, 0.5)


@dataclasses.dataclass
class Seen:
    """One group under one disturbance: label (1, 0, nan: unknown), score and person of each film."""

    group: str
    disturbance: str
    truth: np.ndarray
    score: np.ndarray
    person: np.ndarray


@dataclasses.dataclass
class Cell:
    """What a group showed under a disturbance at the limit that was chosen."""

    group: str
    disturbance: str
    persons: int
    wrong: int  # persons missed, or persons falsely flagged
    bound: float  # exact upper bound of the rate at the group's delta
    shown: bool  # whether the promised rate is shown by this cell


def extreme(score, person, chosen, lowest):
    """The lowest (or highest) score of each person among the chosen films, sorted upwards."""
    names, place = np.unique(person[chosen], return_inverse=True)
    best = np.full(len(names), np.inf if lowest else -np.inf)
    (np.minimum if lowest else np.maximum).at(best, place, score[chosen])
    return np.sort(best)


def quiet_limit(seen, alpha, delta):
    """Largest `no_flag_below` of one group under one disturbance: nobody missed where alpha cannot be shown; infinite without persons."""
    lows = extreme(seen.score, seen.person, seen.truth == 1, lowest=True)
    return float(lows[max(rule.allowed(len(lows), alpha, delta), 0)]) if len(lows) else math.inf


def loud_limit(seen, beta, delta):
    """Smallest `flag_at` of one group under one disturbance, above the score of the last person that may not be flagged."""
    highs = extreme(seen.score, seen.person, seen.truth == 0, lowest=False)
    if not len(highs):
        return -math.inf
    return float(np.nextafter(highs[len(highs) - 1 - max(rule.allowed(len(highs), beta, delta), 0)], math.inf))


def deltas(groups, delta):
    """The error of each group: half for the first, which holds everybody, the rest shared out; all of it when there is one."""
    if len(groups) == 1:
        return {groups[0]: delta}
    return {group: delta / 2 if at == 0 else delta / 2 / (len(groups) - 1) for at, group in enumerate(groups)}


def cell(seen, limit, rate, delta, quiet):
    """Counts and bound of one group under one disturbance at a limit."""
    values = extreme(seen.score, seen.person, seen.truth == (1 if quiet else 0), lowest=quiet)
    wrong = int((values < limit).sum() if quiet else (values >= limit).sum())
    bound = rule.upper_bound(wrong, len(values), delta)
    return Cell(seen.group, seen.disturbance, len(values), wrong, bound, bound <= rate)


def choose(cells, rate, group_rate, delta, quiet):
    """The limit that holds in every cell, and what each cell showed at it.

    `quiet`: `no_flag_below` with `rate` = alpha, else `flag_at` with `rate` = beta; `group_rate` is that of every group but the first.
    The limit is None when the first group cannot show the rate in each of its cells, or when no cell has a person.
    """
    groups = list(dict.fromkeys(seen.group for seen in cells))
    shares, rates = deltas(groups, delta), {group: rate if at == 0 else group_rate for at, group in enumerate(groups)}
    find = quiet_limit if quiet else loud_limit
    limits = [find(seen, rates[seen.group], shares[seen.group]) for seen in cells]
    limit = min(limits) if quiet else max(limits)
    if not math.isfinite(limit):
        return None, []
    # Six places, as a bundle stores it, rounded to the safe side.
    limit = math.floor(limit * 1e6) / 1e6 if quiet else math.ceil(limit * 1e6) / 1e6
    shown = [cell(seen, limit, rates[seen.group], shares[seen.group], quiet) for seen in cells]
    return (limit if all(c.shown for c in shown if c.group == groups[0]) else None), shown


def worst(cells):
    """The cell with the largest bound."""
    return max(cells, key=lambda c: c.bound)


def precision(sensitivity, false_rate, prevalence):
    """Share of flagged films that are label-positive at a prevalence."""
    true = prevalence * sensitivity
    flagged = true + (1 - prevalence) * false_rate
    return true / flagged if flagged > 0 else float("nan")


def implied(truth, score, no_flag_below, flag_at, prevalences=PREVALENCES):
    """What the limits imply at each prevalence: (prevalence, precision of flags, share of `no-flag` films that are label-positive)."""
    ill, well = score[truth == 1], score[truth == 0]
    lines = []
    for p in prevalences:
        loud = float("nan") if flag_at is None else precision((ill >= flag_at).mean(), (well >= flag_at).mean(), p)
        quiet = float("nan") if no_flag_below is None else rule.hidden((ill < no_flag_below).mean(), (well < no_flag_below).mean(), p)
        lines.append((p, loud, quiet))
    return lines
