"""Tests of the family of disturbances: each changes a film a little, keeps its size and repeats."""

import unittest

import numpy as np

import disturbances


class Family(unittest.TestCase):
    """What every member has to hold."""

    def setUp(self):
        down, across = np.meshgrid(np.linspace(0, 3, 128), np.linspace(0, 5, 128), indexing="ij")
        rough = np.random.default_rng(1).normal(0, 8, (3, 128, 128))
        self.images = np.stack([np.clip(127 + 100 * np.sin(down + k) * np.cos(across) + rough[k], 0, 255).astype(np.uint8) for k in range(3)])

    def test_each_keeps_size_and_type_and_repeats(self):
        for name in disturbances.FAMILY:
            first = disturbances.applied(name, self.images)
            self.assertEqual((first.shape, first.dtype), (self.images.shape, np.uint8), name)
            np.testing.assert_array_equal(first, disturbances.applied(name, self.images), name)

    def test_each_but_the_first_changes_the_film_and_leaves_it_recognisable(self):
        for name in disturbances.FAMILY:
            shown = disturbances.applied(name, self.images)
            if name == disturbances.AS_IS:
                np.testing.assert_array_equal(shown, self.images)
                continue
            self.assertTrue((shown != self.images).any(), name)
            self.assertGreater(np.corrcoef(shown.ravel(), self.images.ravel())[0, 1], 0.4, name)


if __name__ == "__main__":
    unittest.main()
