import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from netrobust.core.errors import InputError
from netrobust.data.dataset import Dataset

IMAGES = np.linspace(0, 1, 4 * 6).reshape(4, 6)
LABELS = np.array([0, 1, 2, 0])
GOOD = {"x_train": IMAGES, "y_train": LABELS, "x_test": IMAGES, "y_test": LABELS}


def changed(array, index, value):
    array = array.copy()
    array[index] = value
    return array


def test_arrays_become_a_data_set():
    data = Dataset.from_arrays(*GOOD.values(), name="mine", image_shape=(2, 3))
    assert (data.name, data.image_shape, data.n_classes) == ("mine", (2, 3), 3)
    assert data.x_train.dtype == data.x_test.dtype == np.float32
    assert data.y_train.dtype == data.y_test.dtype == np.int64
    np.testing.assert_array_equal(data.x_train, IMAGES.astype(np.float32))
    np.testing.assert_array_equal(data.y_test, LABELS)
    assert data.mean == pytest.approx(IMAGES.mean())
    assert data.std == pytest.approx(IMAGES.std())


def test_the_users_arrays_stay_their_own():
    images = IMAGES.astype(np.float32)
    labels = LABELS.astype(np.int64)
    data = Dataset.from_arrays(images, labels, images, labels)
    images[:], labels[:] = 0, 0
    assert data.x_train.max() == 1
    assert data.y_train.max() == 2
    with pytest.raises(AttributeError):
        data.name = "other"


@given(
    hnp.arrays(np.uint8, st.tuples(st.integers(2, 6), st.integers(1, 9))).filter(np.ptp)
)
def test_uint8_means_the_pixel_over_255(images):
    labels = np.arange(len(images))
    data = Dataset.from_arrays(images, labels, images, labels)
    np.testing.assert_array_equal(np.round(data.x_train * 255), images)
    assert 0 <= data.x_train.min() <= data.x_train.max() <= 1
    assert data.mean == pytest.approx(images.mean() / 255, abs=1e-6)
    assert data.std == pytest.approx(images.std() / 255, abs=1e-6)


@pytest.mark.parametrize(
    ("given_shape", "wanted", "image_shape"),
    [
        ((4, 6), None, (1, 6)),
        ((4, 9), None, (3, 3)),
        ((4, 2, 5), None, (2, 5)),
        ((4, 2, 5), (5, 2), (5, 2)),
        ((4, 6), (2, 3), (2, 3)),
    ],
)
def test_image_shape(given_shape, wanted, image_shape):
    images = np.linspace(0, 1, np.prod(given_shape)).reshape(given_shape)
    data = Dataset.from_arrays(images, LABELS, images, LABELS, image_shape=wanted)
    assert data.image_shape == image_shape
    assert data.x_train.shape == (4, np.prod(image_shape))


BAD = {
    "pixels of 0 to 255": (
        {"x_train": IMAGES * 255},
        "divide pixels of 0 to 255 by 255",
    ),
    "negative pixels": (
        {"x_test": -IMAGES},
        r"x_test must lie in \[0, 1\]; got -1.0 to",
    ),
    "int pixels": ({"x_train": (IMAGES * 255).astype(int)}, "got 0 to 255; divide"),
    "nan": ({"x_train": changed(IMAGES, (1, 2), np.nan)}, "x_train must be finite"),
    "inf": ({"x_test": changed(IMAGES, (1, 2), np.inf)}, "x_test must be finite"),
    "constant": ({"x_train": IMAGES * 0}, "x_train must not be constant"),
    "text": ({"x_train": IMAGES.astype(str)}, "x_train must hold real numbers; got <U"),
    "flat": ({"x_train": IMAGES[0]}, r"x_train must have the shape .*got \(6,\)"),
    "four axes": ({"x_test": IMAGES[..., None, None]}, "x_test must have the shape"),
    "no image": ({"x_train": IMAGES[:0], "y_train": LABELS[:0]}, "at least one image"),
    "no pixel": ({"x_test": IMAGES[:, :0]}, r"at least one image; got \(4, 0\)"),
    "other pixels": ({"x_test": IMAGES[:, :5]}, r"one shape; got \(6,\) and \(5,\)"),
    "other length": ({"y_train": LABELS[:3]}, r"each of the 4 images.*got \(3,\)"),
    "one-hot": ({"y_test": np.eye(4)}, r"y_test must hold one label .*got \(4, 4\)"),
    "float labels": ({"y_train": LABELS * 1.0}, "y_train must hold integers"),
    "from 1": ({"y_train": LABELS + 1}, "got 1, 2, 3; number the classes from 0"),
    "a gap": ({"y_train": LABELS * 2}, "got 0, 2, 4; number the classes"),
    "below 0": ({"y_train": LABELS - 1}, "got -1, 0, 1; number the classes"),
    "one class": ({"y_train": LABELS * 0, "y_test": LABELS * 0}, "C at least 2; got 0"),
    "unseen class": ({"y_test": LABELS + 1}, "among .* 0 to 2; got 1 to 3"),
    "test below 0": ({"y_test": LABELS - 1}, "among .* 0 to 2; got -1 to 1"),
    "image_shape": ({"image_shape": (2, 2)}, r"with 6 pixels in all; got \(2, 2\)"),
    "minus shape": ({"image_shape": (-2, -3)}, r"with 6 pixels in all; got \(-2, -3\)"),
    "three axes": ({"image_shape": (1, 2, 3)}, "with 6 pixels in all; got"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_arrays_are_refused_with_the_rule(case):
    wrong, message = BAD[case]
    with pytest.raises(InputError, match=message):
        Dataset.from_arrays(**GOOD | wrong)


def test_the_hash_follows_the_content_and_nothing_else():
    pixels = np.arange(24, dtype=np.uint8).reshape(4, 6)
    arrays = GOOD | {"x_train": pixels, "x_test": pixels}
    first = Dataset.from_arrays(**arrays).sha256
    again = arrays | {"x_train": pixels / np.float32(255), "name": "other"}
    assert Dataset.from_arrays(**again).sha256 == first
    others = [
        {"x_train": changed(pixels, (0, 0), 1)},
        {"x_test": changed(pixels, (3, 5), 1)},
        {"y_train": LABELS[::-1].copy()},
        {"y_test": np.array([0, 1, 2, 1])},
        {"image_shape": (2, 3)},
    ]
    hashes = {Dataset.from_arrays(**arrays | other).sha256 for other in others}
    assert len(hashes | {first}) == 1 + len(others)


def test_the_repr_does_not_print_pixels():
    assert len(repr(Dataset.from_arrays(**GOOD))) < 250


def test_pixels_that_rounding_took_beyond_1_are_shown_and_to_be_clipped():
    above = IMAGES.astype(np.float32)
    above.flat[0] = np.nextafter(np.float32(1), np.float32(2))
    with pytest.raises(InputError, match=r"to 1\.0000001; clip"):
        Dataset.from_arrays(above, LABELS, above, LABELS)


def test_what_numpy_cannot_read_is_named():
    tensor = torch.ones(4, 4).requires_grad_()
    with pytest.raises(InputError, match=r"x_train must be an array .* got a Tensor"):
        Dataset.from_arrays(tensor, [0, 1, 0, 1], tensor, [0, 1, 0, 1])


def test_validation_images_are_the_last_of_training_and_no_test_image():
    data = Dataset.from_arrays(
        np.linspace(0, 1, 12).reshape(6, 2), [0, 1, 0, 1, 1, 0], [[1, 1]], [0], "mine"
    )
    held = data.hold_out(2)
    np.testing.assert_array_equal(held.x_train, data.x_train[:4])
    np.testing.assert_array_equal(held.x_test, data.x_train[4:])
    assert held.y_test.tolist() == [1, 0]
    assert (held.name, held.image_shape) == ("mine_validation", data.image_shape)
    assert held.mean == pytest.approx(data.x_train[:4].mean())
    assert held.sha256 != data.sha256


def test_a_class_that_would_be_held_out_whole_is_refused():
    data = Dataset.from_arrays([[0.0], [1.0], [0.5]], [0, 1, 2], [[1.0]], [0])
    with pytest.raises(InputError, match="the test labels must be among the training"):
        data.hold_out(1)
    for images in (0, 3, 1.5, "2"):
        with pytest.raises(InputError, match="images must be an integer"):
            data.hold_out(images)
