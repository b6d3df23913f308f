"""Folds by person, over all archives and films: every film of a person lies in one fold, whatever archive holds it.

A person's fold follows from a hash of the name alone, so that a film added later moves nobody. The salt keeps folds and
`archives.part_of` independent.
"""

import hashlib

import numpy as np

FOLDS = 5


def fold_of(person, count=FOLDS):
    """Fold 0..count-1 of a person."""
    return int(hashlib.sha256(f"fold/{person}".encode()).hexdigest()[:8], 16) % count


def folds_of(persons, count=FOLDS):
    """Fold of each film [n]."""
    known = {person: fold_of(person, count) for person in set(persons)}
    return np.array([known[person] for person in persons], dtype=int)


def crossed(persons, fit_and_score, outputs, count=FOLDS):
    """Scores [n, outputs]: of each film by a model that saw no film of its person.

    `fit_and_score(inside, outside, fold)` fits on the rows `inside` and scores the rows `outside`.
    """
    persons = np.asarray(persons)
    fold, scores = folds_of(persons, count), np.full((len(persons), outputs), np.nan)
    for at in range(count):
        inside, outside = np.flatnonzero(fold != at), np.flatnonzero(fold == at)
        if set(persons[inside]) & set(persons[outside]):
            raise SystemExit("a person lies in two folds")
        if len(outside):
            scores[outside] = fit_and_score(inside, outside, at)
    return scores
