"""Tests of the painted haemorrhages: they stay inside the skull, change the image, and carry the right labels."""

import unittest

import numpy as np

import lesions


def head():
    """A drawn skull: a ring of bone around grey brain with a dark middle."""
    r, c = np.indices((160, 160))
    far = np.hypot(r - 80, (c - 80) * 1.2)
    image = np.where(far < 62, 1.0, 0.0)
    image[far < 56] = 0.45
    image[far < 10] = 0.1
    return image.astype(np.float32)


class Painted(unittest.TestCase):
    """Many lesions in one head."""

    def test_only_the_inside_changes_and_it_does_change(self):
        image, rng, kinds = head(), np.random.default_rng(1), set()
        inside = lesions.inside_of(image)
        for _ in range(60):
            out, kind = lesions.paint(image, inside, rng)
            if out is None:
                continue
            kinds.add(kind)
            changed = np.abs(out - image) > 0.05
            self.assertTrue(changed.any())
            self.assertLess(changed[~inside].mean(), 0.02)
        self.assertEqual(kinds, {"epidural", "subdural", "intraparenchymal", "fluid"})

    def test_a_slice_without_a_skull_is_no_canvas(self):
        self.assertIsNone(lesions.inside_of(np.zeros((160, 160), dtype=np.float32)))

    def test_labels_name_the_kind_and_leave_the_rest_unknown(self):
        labels = lesions.labels_of("epidural")
        self.assertEqual((labels[lesions.TYPES.index("epidural")], labels[-1]), (1.0, 1.0))
        self.assertEqual(int(np.isnan(labels).sum()), 4)
        self.assertEqual(int(np.isnan(lesions.labels_of("fluid")).sum()), 5)


if __name__ == "__main__":
    unittest.main()
