"""The data sets with training images in place of test images, to choose settings by."""

import netrobust as nr


def mnist_validation(data_dir: str | None = None) -> nr.Dataset:
    """MNIST: 50,000 images to learn from, the last 10,000 of training to score."""
    return nr.load("mnist", data_dir).hold_out(10_000)


def fashion_mnist_validation(data_dir: str | None = None) -> nr.Dataset:
    """Fashion-MNIST: 50,000 images to learn from, the last 10,000 of training."""
    return nr.load("fashion-mnist", data_dir).hold_out(10_000)
