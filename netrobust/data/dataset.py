"""What a data set is: pixels in [0, 1] with integer labels, training and test."""

import hashlib
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from netrobust.core.arguments import named_in_errors
from netrobust.core.errors import InputError
from netrobust.core.settings import file_name, whole
from netrobust.core.shown import Shown


@dataclass(frozen=True, eq=False, repr=False)
class Dataset(Shown):
    """Images as rows of pixels with their labels, split in training and test.

    Make one with `netrobust.load` or `Dataset.from_arrays`, which check what they
    are given.

    Attributes
    ----------
    name : str
    x_train, x_test : ndarray of float32, shape (n, pixels)
        Pixel values in [0, 1].
    y_train, y_test : ndarray of int64, shape (n,)
        Classes 0 to ``n_classes - 1``.
    image_shape : tuple of int
        Rows and columns of an image; their product is the number of pixels.
    mean, std : float
        Over all training pixels.
    sha256 : str
        Identifies the content: the same data have the same value on every machine.

    Examples
    --------
    >>> from netrobust.data.load import load
    >>> data = load("mnist-5k")
    >>> data.x_train.shape, data.x_test.shape, data.image_shape, data.n_classes
    ((4000, 784), (1000, 784), (28, 28), 10)
    """

    name: str
    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    image_shape: tuple[int, int]
    mean: float
    std: float
    sha256: str

    def facts(self) -> dict[str, Any]:
        """Give what is shown of the data."""
        rows, columns = self.image_shape
        return {
            "": self.name,
            "training images": len(self.y_train),
            "test images": len(self.y_test),
            "pixels": f"{rows} x {columns}",
            "classes": self.n_classes,
        }

    @property
    def n_classes(self) -> int:
        """Number of classes; chance level is its inverse."""
        return int(self.y_train.max()) + 1

    @classmethod
    @named_in_errors
    def from_arrays(
        cls,
        x_train: Any,
        y_train: Any,
        x_test: Any,
        y_test: Any,
        name: str = "custom",
        image_shape: tuple[int, int] | None = None,
    ) -> "Dataset":
        """Check and copy the user's own arrays into a data set.

        Parameters
        ----------
        x_train, x_test : array-like, shape (n, pixels) or (n, rows, columns)
            Values in [0, 1], or uint8, which is divided by 255.
        y_train, y_test : array-like of int, shape (n,)
            Classes 0 to C - 1; every class occurs in the training labels.
        name : str
            Stands in tables and figures, and files are called after it.
        image_shape : tuple of int, optional
            Rows and columns; by default those of the arrays, else a square if the
            pixels fill one, else a single row.

        Raises
        ------
        InputError
            If the arrays break one of these rules.

        Examples
        --------
        >>> images = np.array([[0, 255], [255, 0]], dtype=np.uint8)
        >>> data = Dataset.from_arrays(images, [0, 1], images, [0, 1])
        >>> data.x_train.tolist(), data.image_shape, data.mean
        ([[0.0, 1.0], [1.0, 0.0]], (1, 2), 0.5)
        """
        file_name("name", name)
        raw_train, raw_test = _array(x_train, "x_train"), _array(x_test, "x_test")
        train = checked_pixels(raw_train, "x_train")
        test = checked_pixels(raw_test, "x_test")
        if raw_train.shape[1:] != raw_test.shape[1:]:
            raise InputError(
                f"x_train and x_test must hold images of one shape; got "
                f"{raw_train.shape[1:]} and {raw_test.shape[1:]}"
            )
        if np.ptp(train) == 0:
            raise InputError(
                f"x_train must not be constant; every pixel is {train.flat[0]:g}, and "
                "images without contrast cannot be standardised"
            )
        labels = checked_labels(y_train, len(train), "y_train")
        test_labels = checked_labels(y_test, len(test), "y_test")
        _check_classes(labels, test_labels)
        shape = _image_shape(image_shape, raw_train.shape[1:])
        digest = hashlib.sha256(repr((train.shape, test.shape, shape)).encode())
        for array in (train, labels, test, test_labels):
            digest.update(array.data)
        arrays = (train, labels, test, test_labels)
        return cls(name, *arrays, shape, *moments(train), digest.hexdigest())

    @named_in_errors
    def hold_out(self, images: int) -> "Dataset":
        """Put the last training images in place of the test images, for validation.

        Settings are chosen by such data, and networks with them are then scored on
        test images that nothing was chosen by. Images that are sorted by class must be
        shuffled before.

        Parameters
        ----------
        images : int
            At least 1 and fewer than there are training images.

        Raises
        ------
        InputError
            The number is another one, or a class has no training image left.

        Examples
        --------
        >>> from netrobust.data.load import load
        >>> load("mnist-5k").hold_out(500)
        <Dataset mnist-5k_validation, training images 3500, test images 500, pixels \
28 x 28, classes 10>
        """
        kept = len(self.y_train) - whole("images", images, 1, len(self.y_train) - 1)
        return Dataset.from_arrays(
            self.x_train[:kept],
            self.y_train[:kept],
            self.x_train[kept:],
            self.y_train[kept:],
            f"{self.name}_validation",
            self.image_shape,
        )


def scaled(images: np.ndarray) -> np.ndarray:
    """Turn uint8 images into rows of float32 pixels in [0, 1].

    Examples
    --------
    >>> scaled(np.array([[[0, 255]]], dtype=np.uint8))
    array([[0., 1.]], dtype=float32)
    """
    pixels = images.reshape(len(images), -1).astype(np.float32)
    pixels /= 255
    return pixels


def moments(pixels: np.ndarray) -> tuple[float, float]:
    """Return mean and standard deviation in float64, without a float64 copy.

    Examples
    --------
    >>> moments(np.array([[0, 1], [0, 1]], dtype=np.float32))
    (0.5, 0.5)
    """
    mean = float(pixels.mean(dtype=np.float64))
    flat = pixels.ravel()
    square = float(np.einsum("i,i->", flat, flat, dtype=np.float64)) / flat.size
    return mean, math.sqrt(max(square - mean**2, 0.0))


def _array(values: Any, name: str) -> np.ndarray:
    """Give images as an array, whatever holds them."""
    try:
        return np.asarray(values)
    except (RuntimeError, TypeError, ValueError) as error:  # such as a tensor's own
        reason = str(error).split(";")[0].split(chr(10))[0][:200]
        raise InputError(
            f"{name} must be an array or a tensor of images; got a "
            f"{type(values).__name__} that numpy cannot read ({reason})"
        ) from None


def checked_pixels(images: np.ndarray, name: str) -> np.ndarray:
    """Check one array of images and return it as rows of float32."""
    if images.ndim not in (2, 3) or images.size == 0:
        raise InputError(
            f"{name} must have the shape (n, pixels) or (n, rows, columns) and hold "
            f"at least one image; got {images.shape}"
        )
    if images.dtype == np.uint8:
        return scaled(images)
    if images.dtype.kind not in "fiub":
        raise InputError(
            f"{name} must hold real numbers; got {images.dtype}; convert it to float"
        )
    if not np.isfinite(images).all():
        raise InputError(f"{name} must be finite; remove or fill its NaN and inf")
    low, high = images.min(), images.max()
    if low < 0 or high > 1:
        near = low > -0.01 and high < 1.01  # such as interpolation leaves behind
        raise InputError(
            f"{name} must lie in [0, 1]; got {low!s} to {high!s}; "
            + (
                "clip it, for rounding went beyond"
                if near
                else "divide pixels of 0 to 255 by 255 and leave standardisation to "
                "the model"
            )
        )
    return images.reshape(len(images), -1).astype(np.float32, order="C")


def checked_labels(labels: Any, n_images: int, name: str) -> np.ndarray:
    """Check one array of labels and return it as int64."""
    array = np.asarray(labels)
    if array.shape != (n_images,):
        raise InputError(
            f"{name} must hold one label for each of the {n_images} images, shape "
            f"({n_images},); got {array.shape}"
        )
    if array.dtype.kind not in "iu":
        raise InputError(
            f"{name} must hold integers 0 to C - 1; got {array.dtype}; "
            "number the classes from 0"
        )
    return array.astype(np.int64)


def _check_classes(train: np.ndarray, test: np.ndarray) -> None:
    """Check that the labels are 0 to C - 1 and that training knows them all."""
    classes = np.unique(train)
    if len(classes) < 2 or not np.array_equal(classes, np.arange(len(classes))):
        some = ", ".join(map(str, classes[:10]))
        raise InputError(
            "the training labels must be 0 to C - 1 with every class present and C at "
            f"least 2; got {some}; number the classes from 0 without gaps"
        )
    if test.min() < 0 or test.max() >= len(classes):
        raise InputError(
            f"the test labels must be among the training labels 0 to "
            f"{len(classes) - 1}; got {test.min()} to {test.max()}"
        )


def _image_shape(
    wanted: tuple[int, int] | None, given: tuple[int, ...]
) -> tuple[int, int]:
    """Rows and columns of an image whose array has the shape ``given``."""
    pixels = math.prod(given)
    if wanted is not None:
        if len(wanted) != 2 or min(wanted) < 1 or math.prod(wanted) != pixels:
            raise InputError(
                f"image_shape must be (rows, columns) with {pixels} pixels in all; "
                f"got {wanted}"
            )
        return int(wanted[0]), int(wanted[1])
    if len(given) == 2:
        return given[0], given[1]
    side = math.isqrt(pixels)
    return (side, side) if side * side == pixels else (1, pixels)
