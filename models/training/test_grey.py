"""Tests of the input path: the area rule against a slow, plain reading of it."""

import unittest

import numpy as np

import grey


def slow_axis(values, target):
    """Area mean of a 1-D signal, pixel by pixel."""
    source = len(values)
    out = []
    for t in range(target):
        low, high = t * source / target, (t + 1) * source / target
        total = sum(values[s] * (min(high, s + 1) - max(low, s)) for s in range(source) if s + 1 > low and s < high)
        out.append(total / (high - low))
    return np.array(out)


class AreaResize(unittest.TestCase):
    """The matrix form gives what the rule says."""

    def test_uneven_shrinking_and_enlarging_follow_the_rule(self):
        rng = np.random.default_rng(3)
        for source, target in ((7, 3), (100, 64), (64, 100), (5, 5), (1, 4)):
            values = rng.random(source)
            found = grey.area_resize(np.tile(values, (2, 1)), 2, target)[0]
            np.testing.assert_allclose(found, slow_axis(values, target), atol=1e-6)

    def test_the_mean_is_kept(self):
        image = np.random.default_rng(4).random((211, 173)).astype(np.float32)
        self.assertAlmostEqual(float(grey.area_resize(image, 128, 128).mean()), float(image.mean()), places=5)


class Fit(unittest.TestCase):
    """Letterbox, crop and stretch place the image where the format says."""

    def test_letterbox_pads_with_zero_at_floor_of_half(self):
        out = grey.fit_image(np.ones((100, 51), dtype=np.float32), (128, 128), "letterbox")
        self.assertEqual(int((out[0] > 0).sum()), 65)  # 51 * 1.28 = 65.28
        self.assertEqual(int(np.argmax(out[0] > 0)), 31)  # floor((128 - 65) / 2)

    def test_crop_takes_the_centre(self):
        image = np.zeros((10, 30), dtype=np.float32)
        image[:, 10:20] = 1.0
        self.assertTrue((grey.fit_image(image, (5, 5), "crop") == 1.0).all())


if __name__ == "__main__":
    unittest.main()
