"""Tests of the cross-fitted training: masks follow their films, and estimated labels know nothing of held-out persons."""

import unittest

import numpy as np
import pandas as pd

import films
import radiologists_train


class Masks(unittest.TestCase):
    """A box stays on what it was drawn around."""

    def test_a_mask_goes_where_its_film_goes(self):
        images, masks = np.full((24, 128, 128), 20, dtype=np.uint8), np.zeros((24, 32, 32), dtype=np.float32)
        images[:, 40:72, 72:96] = 230
        masks[:, 10:18, 18:24] = 1.0
        shown, moved = radiologists_train.disturbed(images, masks, np.random.default_rng(3))
        near = 0
        for image, mask in zip(shown, moved):
            rows, columns = np.meshgrid(np.arange(32), np.arange(32), indexing="ij")
            small = image.reshape(32, 4, 32, 4).mean(axis=(1, 3))
            inside, outside = small[mask > 0.9], small[(mask < 0.1) & (rows > 4) & (rows < 28) & (columns > 4) & (columns < 28)]
            near += abs(float(inside.mean()) - float(np.median(outside))) > 0.15
        self.assertGreaterEqual(near, 20)


class Estimates(unittest.TestCase):
    """The noise of NIH's labels is learned from training persons alone."""

    def table(self, n=400):
        rng = np.random.default_rng(5)
        out = pd.DataFrame({"file": [f"{i}.webp" for i in range(n)], "source": "nih_cxr14_128", "view": "PA", "sex": "M", "age": 40.0})
        out[list(films.NIH)] = 0.0
        out["effusion"], out["pneumonia_kermany"] = (rng.random(n) < 0.5).astype(float), np.nan
        out["any"] = out["effusion"]
        return out, rng

    def test_an_estimate_is_the_share_among_training_films_and_ignores_the_others(self):
        table, rng = self.table()
        labels = np.column_stack([rng.random(400) < np.where(table["effusion"] > 0, 0.8, 0.3)] * 2).astype(np.float32)
        labels[300:] = np.nan
        inside = np.arange(400) < 200
        first = radiologists_train.estimated(table, labels, inside)
        changed = labels.copy()
        changed[200:300] = 1.0 - changed[200:300]
        np.testing.assert_array_equal(first, radiologists_train.estimated(table, changed, inside))
        sick = (table["effusion"] > 0).to_numpy()
        self.assertAlmostEqual(float(first[sick, 0].mean()), 0.8, delta=0.1)
        self.assertAlmostEqual(float(first[~sick, 0].mean()), 0.3, delta=0.1)


if __name__ == "__main__":
    unittest.main()
