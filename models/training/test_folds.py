"""Tests of the folds by person and of the radiologists' labels; those that need the archives run where they are."""

import os
import unittest

import numpy as np
import pandas as pd

import films
import folds
import radiologists


class Folds(unittest.TestCase):
    """No person in two folds, over every archive."""

    def test_a_person_lies_in_one_fold_whatever_archive_holds_the_film(self):
        persons = [f"nih/{n % 300}" for n in range(1000)]
        fold = folds.folds_of(persons)
        for person in set(persons):
            self.assertEqual(len({f for p, f in zip(persons, fold) if p == person}), 1)

    def test_folds_are_about_equally_large(self):
        fold = folds.folds_of([f"nih/{n}" for n in range(5000)])
        self.assertLess(max(abs(np.mean(fold == k) - 0.2) for k in range(5)), 0.03)

    def test_a_film_added_later_moves_nobody(self):
        early = folds.folds_of(["nih/1", "nih/2", "nih/3"])
        self.assertEqual(list(early), list(folds.folds_of(["nih/9", "nih/1", "nih/2", "nih/3"])[1:]))

    def test_every_score_comes_from_a_model_that_never_saw_the_person(self):
        persons = np.array([f"nih/{n % 40}" for n in range(400)])

        def fit_and_score(inside, outside, _fold):
            seen = set(persons[inside])
            return np.array([[float(persons[i] in seen)] for i in outside])

        self.assertEqual(folds.crossed(persons, fit_and_score, 1).max(), 0.0)


class Labels(unittest.TestCase):
    """Classes and boxes beside the films."""

    def setUp(self):
        self.table = pd.DataFrame({"file": ["7_0.webp", "7_1.webp", "a.webp"], "source": ["nih_cxr14_64", "nih_cxr14_128", "kermany_cxr"],
                                   "person": ["nih/7", "nih/7", "kermany/a"]})

    def reading(self, **change):
        row = {"image": "7_1", "person": "nih/7", "class": "lung_opacity", "boxes_1024px": "256 512 256 256"} | change
        return pd.DataFrame([row])

    def test_a_film_nobody_read_again_is_unknown(self):
        labels, said, boxes = radiologists.beside(self.table, self.reading())
        self.assertTrue(np.isnan(labels[[0, 2]]).all())
        self.assertEqual(list(labels[1]), [1.0, 1.0])
        self.assertEqual(list(said), ["", "lung_opacity", ""])
        np.testing.assert_allclose(boxes[1], [[0.25, 0.5, 0.5, 0.75]])

    def test_other_abnormality_is_not_normal_and_no_opacity(self):
        labels, _, _ = radiologists.beside(self.table, self.reading(**{"class": "not_normal_other", "boxes_1024px": ""}))
        self.assertEqual(list(labels[1]), [1.0, 0.0])

    def test_a_film_of_another_person_stops_the_recipe(self):
        with self.assertRaises(SystemExit):
            radiologists.beside(self.table, self.reading(person="nih/8"))

    def test_a_box_outside_its_film_stops_the_recipe(self):
        with self.assertRaises(SystemExit):
            radiologists.boxes_of("900 0 200 10")

    def test_cells_are_the_share_that_boxes_cover(self):
        covered = radiologists.cells(np.array([[0.0, 0.0, 0.5, 0.25]]), 4, 4)
        self.assertEqual(covered[0, 0], 1.0)
        self.assertEqual(float(covered.sum()), 2.0)
        self.assertEqual(float(radiologists.cells(np.array([[0.0, 0.0, 0.125, 0.25]]), 4, 4)[0, 0]), 0.5)


@unittest.skipUnless(os.environ.get("SCANSIDE_TRAINING_DATA"), "the archives are not here")
class Archives(unittest.TestCase):
    """The archives as they are."""

    def test_the_counts_are_those_of_the_archive(self):
        table = pd.concat([films.table_of(name) for name in films.SETS[1:]], ignore_index=True).drop_duplicates("file", ignore_index=True)
        labels, said, boxes = radiologists.beside(table)
        self.assertEqual([int((said == c).sum()) for c in radiologists.CLASSES], [924, 1243, 660])
        self.assertEqual((np.nansum(labels[:, 0]), np.nansum(labels[:, 1])), (1903, 660))
        self.assertEqual(set(boxes), set(np.flatnonzero(said == "lung_opacity")))


if __name__ == "__main__":
    unittest.main()
