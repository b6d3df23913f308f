"""Tests of limits conditioned on the label: worst group, persons, too few, implied precision, and the guarantee in simulation."""

import unittest

import numpy as np

import conditional
import rule


def seen(group, truth, score, person=None, disturbance="as it is"):
    """A group whose films are of different persons unless told otherwise."""
    truth, score = np.asarray(truth, dtype=float), np.asarray(score, dtype=float)
    return conditional.Seen(group, disturbance, truth, score, np.arange(len(truth)) if person is None else np.asarray(person))


class Limits(unittest.TestCase):
    """The limit that is chosen."""

    def test_the_limit_is_that_of_the_worst_group_and_disturbance(self):
        ill = np.linspace(0.3, 0.9, 400)
        cells = [seen("all", np.ones(400), ill), seen("all", np.ones(400), ill - 0.2, disturbance="gamma 1.4"),
                 seen("AP", np.ones(250), np.linspace(0.25, 0.9, 250))]
        limit, shown = conditional.choose(cells, 0.02, 0.02, 0.05, quiet=True)
        self.assertLess(limit, 0.13)
        self.assertTrue(all(c.shown for c in shown))
        self.assertEqual(conditional.worst(shown).disturbance, "gamma 1.4")

    def test_a_group_too_small_to_show_the_rate_has_no_miss_and_says_its_bound(self):
        cells = [seen("all", np.ones(600), np.linspace(0.1, 0.9, 600)), seen("children", np.ones(20), np.linspace(0.05, 0.9, 20))]
        limit, shown = conditional.choose(cells, 0.01, 0.05, 0.05, quiet=True)
        self.assertLessEqual(limit, 0.05)
        self.assertEqual((shown[1].wrong, shown[1].shown), (0, False))
        self.assertAlmostEqual(shown[1].bound, rule.upper_bound(0, 20, 0.025))

    def test_a_group_may_have_a_rate_of_its_own(self):
        cells = [seen("all", np.ones(2000), np.linspace(0.1, 0.9, 2000)), seen("AP", np.ones(200), np.linspace(0.0, 0.9, 200))]
        strict, loose = (conditional.choose(cells, 0.02, rate, 0.05, quiet=True)[0] for rate in (0.02, 0.10))
        self.assertLess(strict, loose)

    def test_everybody_has_half_of_the_error_and_the_groups_share_the_other(self):
        self.assertEqual(conditional.deltas(["all"], 0.05), {"all": 0.05})
        shares = conditional.deltas(["all", "PA", "AP"], 0.05)
        self.assertAlmostEqual(sum(shares.values()), 0.05)
        self.assertAlmostEqual(shares["all"], 0.025)

    def test_without_enough_persons_in_all_there_is_no_limit(self):
        limit, shown = conditional.choose([seen("all", np.ones(100), np.linspace(0, 1, 100))], 0.01, 0.01, 0.05, quiet=True)
        self.assertIsNone(limit)
        self.assertEqual(len(shown), 1)

    def test_many_films_of_one_person_count_once(self):
        cells = [seen("all", np.ones(3000), np.linspace(0, 1, 3000), person=np.arange(3000) % 100)]
        self.assertIsNone(conditional.choose(cells, 0.01, 0.01, 0.05, quiet=True)[0])

    def test_flags_are_limited_among_the_label_negative_whatever_share_is_ill(self):
        rng = np.random.default_rng(2)
        well = rng.random(2000)
        few = seen("all", np.r_[np.zeros(2000), np.ones(10)], np.r_[well, np.ones(10)])
        many = seen("all", np.r_[np.zeros(2000), np.ones(5000)], np.r_[well, np.ones(5000)])
        first, second = (conditional.choose([s], 0.05, 0.05, 0.05, quiet=False)[0] for s in (few, many))
        self.assertEqual(first, second)
        self.assertLess((well >= first).mean(), 0.05)

    def test_equal_scores_are_not_flagged_in_part(self):
        limit, shown = conditional.choose([seen("all", np.zeros(500), np.full(500, 0.4))], 0.05, 0.05, 0.05, quiet=False)
        self.assertGreater(limit, 0.4)
        self.assertEqual(shown[0].wrong, 0)

    def test_unknown_labels_count_on_neither_side(self):
        values = np.linspace(0.2, 0.8, 600)
        plain = conditional.choose([seen("all", np.ones(600), values)], 0.01, 0.01, 0.05, quiet=True)[0]
        more = conditional.choose([seen("all", np.r_[np.ones(600), np.full(50, np.nan)], np.r_[values, np.zeros(50)])], 0.01, 0.01, 0.05, quiet=True)[0]
        self.assertEqual(plain, more)


class Implied(unittest.TestCase):
    """The precision that the rates imply."""

    def test_precision_at_a_prevalence(self):
        self.assertAlmostEqual(conditional.precision(0.9, 0.05, 0.05), 0.045 / (0.045 + 0.0475))

    def test_a_limit_that_is_not_there_implies_nothing(self):
        lines = conditional.implied(np.array([1, 0]), np.array([0.9, 0.1]), None, 0.5)
        self.assertEqual([p for p, _, _ in lines], list(conditional.PREVALENCES))
        self.assertTrue(all(np.isnan(quiet) for _, _, quiet in lines))
        self.assertEqual(lines[0][1], 1.0)


class Guarantee(unittest.TestCase):
    """Over many calibration sets a rate is broken in any group in at most delta of them."""

    def test_both_rates_hold_in_every_group_at_once(self):
        rng, broken, rounds = np.random.default_rng(4), {True: 0, False: 0}, 400
        for _ in range(rounds):
            for quiet in (True, False):
                truth = np.full(500, 1.0 if quiet else 0.0)
                cells = [seen("a", truth, rng.random(500)), seen("b", truth, rng.random(500))]
                limit = conditional.choose(cells, 0.02, 0.02, 0.05, quiet)[0]
                broken[quiet] += (limit > 0.02) if quiet else (limit < 0.98)  # scores are uniform: the true rate follows from the limit
        self.assertLessEqual(max(broken.values()) / rounds, 0.05 + 0.02)


if __name__ == "__main__":
    unittest.main()
