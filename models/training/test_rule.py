"""Tests of the rule: the known numbers of the binomial test, and that the guarantee holds in simulation."""

import unittest

import numpy as np

import rule


class Numbers(unittest.TestCase):
    """The counts that the exact binomial test asks for."""

    def test_needed_positives_for_one_percent_at_95(self):
        self.assertEqual([rule.needed(k, 0.01, 0.05) for k in (0, 1, 2)], [299, 473, 628])

    def test_needed_positives_for_14_findings_jointly(self):
        self.assertEqual(rule.needed(0, 0.01, 0.05 / 14), 561)

    def test_allowed_is_the_reverse_of_needed(self):
        self.assertEqual([rule.allowed(n, 0.01, 0.05) for n in (298, 299, 472, 473, 628)], [-1, 0, 0, 1, 2])


class Sides(unittest.TestCase):
    """Both thresholds on small sets."""

    def test_too_few_positives_give_a_reason_with_the_number(self):
        side = rule.no_flag(np.ones(100), np.linspace(0, 1, 100), 0.01, 0.05)
        self.assertIsNone(side.threshold)
        self.assertIn("299", side.reason)

    def test_no_flag_leaves_at_most_the_allowed_misses_below(self):
        score = np.linspace(0.2, 0.9, 473)
        side = rule.no_flag(np.ones(473), score, 0.01, 0.05)
        self.assertEqual(int((score < side.threshold).sum()), 1)
        self.assertLessEqual(side.bound, 0.01)

    def test_flag_stops_where_the_floor_is_lost(self):
        truth = np.r_[np.ones(100), np.zeros(900)]
        side = rule.flag(truth, np.linspace(1, 0, 1000), 0.9, 0.05)
        self.assertGreaterEqual(side.bound, 0.9)
        self.assertLess(side.counted, 112)

    def test_flag_takes_equal_scores_together(self):
        side = rule.flag(np.r_[np.ones(100), np.zeros(900)], np.full(1000, 0.5), 0.9, 0.05)
        self.assertIsNone(side.threshold)

    def test_flag_without_enough_precision_says_so(self):
        side = rule.flag(np.arange(200) % 2, np.linspace(1, 0, 200), 0.9, 0.05)
        self.assertIsNone(side.threshold)
        self.assertIn("0.9", side.reason)


class Guarantee(unittest.TestCase):
    """Over many calibration sets the true miss rate exceeds alpha in at most delta of them."""

    def test_miss_rate_holds_with_the_stated_confidence(self):
        rng, broken, rounds = np.random.default_rng(11), 0, 2000
        for _ in range(rounds):
            side = rule.no_flag(np.ones(700), rng.random(700), 0.01, 0.05)
            broken += side.threshold > 0.01  # scores of positives are uniform: the true miss rate is the threshold
        self.assertLessEqual(broken / rounds, 0.05 + 0.015)


if __name__ == "__main__":
    unittest.main()
