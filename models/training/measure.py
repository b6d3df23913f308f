"""Figures and decisions on held-out parts: AUC with intervals, Platt scaling, thresholds."""

import numpy as np
from scipy.optimize import minimize
from scipy.stats import beta, rankdata


def auc(truth, score):
    """Area under the ROC curve, ties counted half; nan without both classes."""
    truth = np.asarray(truth, dtype=bool)
    positives, negatives = truth.sum(), (~truth).sum()
    if positives == 0 or negatives == 0:
        return float("nan")
    ranks = rankdata(score)
    return float((ranks[truth].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def auc_interval(truth, score, groups, seed, rounds=500):
    """95 % interval of the AUC by resampling whole persons."""
    rng = np.random.default_rng(seed)
    truth, score = np.asarray(truth), np.asarray(score)
    _, inverse = np.unique(np.asarray(groups), return_inverse=True)
    order = np.argsort(inverse, kind="stable")
    starts = np.searchsorted(inverse[order], np.arange(inverse.max() + 2))
    members = [order[a:b] for a, b in zip(starts, starts[1:])]
    values = []
    for _ in range(rounds):
        chosen = np.concatenate([members[i] for i in rng.integers(0, len(members), len(members))])
        values.append(auc(truth[chosen], score[chosen]))
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return float(low), float(high)


def exact_interval(hits, total):
    """Clopper-Pearson 95 % interval of a share."""
    if total == 0:
        return 0.0, 1.0
    low = 0.0 if hits == 0 else float(beta.ppf(0.025, hits, total - hits + 1))
    high = 1.0 if hits == total else float(beta.ppf(0.975, hits + 1, total - hits))
    return low, high


def platt(truth, logit):
    """Slope and intercept so that sigmoid(slope * logit + intercept) is the share of positives."""
    # Platt's softened targets keep a separable part from giving an endless slope.
    truth, logit = np.asarray(truth, dtype=np.float64), np.asarray(logit, dtype=np.float64)
    positives, negatives = truth.sum(), len(truth) - truth.sum()
    target = np.where(truth > 0, (positives + 1) / (positives + 2), 1 / (negatives + 2))

    def cost(p):
        z = p[0] * logit + p[1]
        return float(np.mean(np.logaddexp(0, z) - target * z))

    found = minimize(cost, np.array([1.0, 0.0]), method="Nelder-Mead", options={"maxiter": 4000, "xatol": 1e-6, "fatol": 1e-10})
    return float(found.x[0]), float(found.x[1])


def scores(logit, slope, intercept):
    """Calibrated scores as the loader computes them."""
    return 1.0 / (1.0 + np.exp(-(slope * np.asarray(logit, dtype=np.float64) + intercept)))


def below_for_sensitivity(truth, score, sensitivity):
    """Largest threshold at which the share of positives with score >= threshold is at least `sensitivity`."""
    positives = np.sort(np.asarray(score)[np.asarray(truth) > 0])
    missed = int(np.floor((1.0 - sensitivity) * len(positives)))
    return float(positives[missed])


def at_for_specificity(truth, score, specificity):
    """Smallest threshold at which the share of negatives with score < threshold is at least `specificity`."""
    negatives = np.sort(np.asarray(score)[np.asarray(truth) == 0])
    place = min(len(negatives) - 1, int(np.ceil(specificity * len(negatives))))
    return float(negatives[place])
