"""What can be done to images: attacks by gradient, noise, and pixels that are lost.

An input attack is ``(model, x, y, eps, rng) -> x'``: images in [0, 1] go in, images in
[0, 1] come out, at most `eps` away in the attack's own unit. Everything happens in
pixel space; the network standardises by itself. Random numbers are drawn for all images
at once and do not depend on `eps`, so noise and lost pixels are nested in it, and the
first images are treated alike however many follow. At `eps` 0 images come back bitwise.

A new attack is one function::

    @input_attack(unit="linf")
    def brighter(model, x, y, eps, rng):
        "Add the same to every pixel."
        return np.clip(x + np.float32(eps), 0, 1)
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, ClassVar, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from netrobust.core.errors import InputError
from netrobust.core.options import WithOptions
from netrobust.core.registry import Registry
from netrobust.core.settings import MOST_TIMES, choice, number, whole
from netrobust.data.dataset import checked_labels, checked_pixels

if TYPE_CHECKING:  # `netrobust list` must not load torch
    from netrobust.neural.model import SparseMLP

Images = NDArray[np.float32]
Labels = NDArray[np.int64]
Attack = TypeVar("Attack", bound=Callable[..., Images])

NORMS = ("linf", "l2")
UNITS = (*NORMS, "rms", "share")
MOST = 1_000_000  # of eps and reach, far beyond what changes anything in [0, 1]


@dataclass(frozen=True)
class InputAttack(WithOptions):
    """A way to change images, with its options.

    Parameters
    ----------
    function : callable
        ``(model, x, y, eps, rng, **options) -> x'``, options by keyword with defaults.
    given : mapping or tuple of pairs
        Values of options.
    unit : {"linf", "l2", "rms", "share"}
        What `eps` counts: the largest change of a pixel, the Euclidean length of the
        change, its root mean square, or the share of the pixels that change. An option
        ``norm`` says it in its stead.
    square : bool
        Whether the images must be square.

    Examples
    --------
    >>> from netrobust.neural.model import start
    >>> model = start((4, 3, 2), np.random.default_rng(0), links=[6])
    >>> x, y = np.full((1, 4), 0.5, np.float32), np.array([0])
    >>> attacked = INPUT_ATTACKS["fgsm"](model, x, y, 0.1, np.random.default_rng(0))
    >>> [round(float(pixel), 3) for pixel in attacked[0]]
    [0.4, 0.4, 0.5, 0.6]
    """

    kind: ClassVar[str] = "input attack"

    unit: str = "linf"
    square: bool = False

    def __call__(
        self,
        model: "SparseMLP",
        x: ArrayLike,
        y: ArrayLike,
        eps: float,
        rng: np.random.Generator,
    ) -> Images:
        """Attack labelled images.

        Parameters
        ----------
        model : SparseMLP
        x : array_like of float, shape (images, pixels)
            Pixels in [0, 1], as `Dataset.from_arrays` takes them; never clipped.
        y : array_like of int, shape (images,)
        eps : float
            How strong; 0 gives the images back bitwise.
        rng : numpy.random.Generator

        Returns
        -------
        ndarray of float32, shape (images, pixels)
            New images in [0, 1].

        Raises
        ------
        InputError
            The images are not finite, leave [0, 1] or do not fit the network, or `eps`
            is out of its range.
        """
        images, labels = _checked(model, x, y)
        self.check(eps, images.shape[1])
        if eps == 0:
            return images
        made = self.function(
            model, images, labels, float(eps), rng, **self.set_for(self.function)
        )
        found = checked_pixels(np.asarray(made), f"what {self.__name__} makes of x")
        if found.shape != images.shape:
            raise InputError(
                f"{self.__name__} must give images of shape {images.shape}; got "
                f"{found.shape}"
            )
        return found

    def check(self, eps: float, pixels: int) -> None:
        """Refuse, with InputError, an `eps` or images the attack cannot do with."""
        number("eps", eps, 0, 1 if self.unit == "share" else MOST)
        if self.square and math.isqrt(pixels) ** 2 != pixels:
            raise InputError(
                f"{self.__name__} needs square images; {pixels} pixels fill no square, "
                "so give others or leave it out"
            )

    def distance(self, x: Images, changed: Images) -> NDArray[np.float64]:
        """Measure how far each image was really moved, in the unit of `eps`.

        Returns
        -------
        ndarray of float64, shape (images,)
        """
        shift = np.abs(changed.astype(np.float64) - x)
        unit = self.options.get("norm", self.unit)
        if unit == "linf":
            return np.asarray(shift.max(axis=1))
        if unit == "share":
            return np.asarray((shift > 0).mean(axis=1))
        square = (shift**2).sum(axis=1)
        return np.asarray(np.sqrt(square / (x.shape[1] if unit == "rms" else 1)))


INPUT_ATTACKS: Registry[InputAttack] = Registry(
    "input attack", InputAttack, takes=("model", "x", "y", "eps", "rng")
)


def input_attack(unit: str, square: bool = False) -> Callable[[Attack], Attack]:
    """Register a function as an input attack, with a unit as in `InputAttack`.

    The function stays what it is; ``INPUT_ATTACKS[name]`` is the attack with its checks
    and options.
    """
    choice("unit", unit, UNITS)
    return INPUT_ATTACKS.register(unit=unit, square=square)


def _checked(model: "SparseMLP", x: ArrayLike, y: ArrayLike) -> tuple[Images, Labels]:
    images = checked_pixels(np.asarray(x), "x")
    labels = checked_labels(y, len(images), "y")
    inputs, classes = model.sizes[0], model.sizes[-1]
    if images.shape[1] != inputs:
        raise InputError(
            f"the network takes {inputs} pixels; got images of {images.shape[1]}"
        )
    if labels.min() < 0 or labels.max() >= classes:
        raise InputError(
            f"y must hold classes 0 to {classes - 1} of the network; got "
            f"{labels.min()} to {labels.max()}"
        )
    return images, labels


@input_attack(unit="linf")
def fgsm(
    model: "SparseMLP", x: Images, y: Labels, eps: float, rng: np.random.Generator
) -> Images:
    """Move every pixel by eps along the sign of the loss gradient, once.

    The fast gradient sign method of Goodfellow, Shlens and Szegedy, Explaining and
    harnessing adversarial examples, ICLR 2015, https://arxiv.org/abs/1412.6572.
    """
    from netrobust.neural.gradient_attacks import step

    return step(model, x, x, y, eps, eps, "linf")


@input_attack(unit="linf")
def pgd(
    model: "SparseMLP",
    x: Images,
    y: Labels,
    eps: float,
    rng: np.random.Generator,
    *,
    steps: Annotated[int, partial(whole, least=1, most=MOST_TIMES)] = 20,
    norm: Annotated[str, partial(choice, allowed=NORMS)] = "linf",
    reach: Annotated[float, partial(number, least=0, most=MOST)] = 2.5,
    random_start: bool = True,
    restarts: Annotated[int, partial(whole, least=1, most=MOST_TIMES)] = 1,
    keep: Annotated[str, partial(choice, allowed=("worst", "last"))] = "worst",
    targeted: bool = False,
) -> Images:
    """Climb the loss in small steps within a ball of radius eps around each image.

    Projected gradient descent of Madry et al., Towards deep learning models resistant
    to adversarial attacks, ICLR 2018, https://arxiv.org/abs/1706.06083.

    Parameters
    ----------
    steps : int
    norm : {"linf", "l2"}
        Each step goes by the sign of the gradient, or along it; eps is the largest
        change of a pixel, or the Euclidean length of the change in pixel values.
    reach : float
        How far all steps together may go, in units of eps: one goes
        ``reach * eps / steps``.
    random_start : bool
        Start at a uniformly random point of the ball, not at the image.
    restarts : int
        How often to climb, each time from a new random point.
    keep : {"worst", "last"}
        Of every image the point of highest loss that was seen, the image itself and
        the end of a single full step included: under ``linf`` that is `fgsm`, so no
        image has a lower loss than under it. Or the last point, whatever its loss.
    targeted : bool
        After the climb up the loss, climb towards every single class as well, and keep
        the point at which the right class is furthest behind another: many times the
        work, and close to the worst that is known (MultiTargeted of Gowal et al., An
        alternative surrogate loss for PGD-based adversarial testing, 2019,
        https://doi.org/10.48550/arXiv.1910.09338).

    Raises
    ------
    InputError
        Several climbs would end where the last one does.
    """
    from netrobust.neural.evaluate import losses
    from netrobust.neural.gradient_attacks import Worst, inside, leads, step

    if restarts > 1 and not (random_start and keep == "worst"):
        raise InputError(
            f"{restarts} restarts of pgd need random_start=True and keep=worst"
        )
    if targeted and keep != "worst":
        raise InputError("targeted=True of pgd needs keep=worst")
    stride = reach * eps / steps
    harm = leads if targeted else losses
    worst = Worst(model, x, y, harm) if keep == "worst" else None
    if worst:
        worst.see(step(model, x, x, y, eps, eps, norm))
    targets = (None, *range(model.sizes[-1])) if targeted else (None,)
    for _ in range(restarts):
        begin = inside(x, eps, norm, rng) if random_start else x
        if worst:
            worst.see(begin)
        for target in targets:
            here = begin
            for _ in range(steps):
                here = step(model, here, x, y, stride, eps, norm, target)
                if worst:
                    worst.see(here)
    return worst.points if worst else here


@input_attack(unit="rms")
def gaussian_noise(
    model: "SparseMLP", x: Images, y: Labels, eps: float, rng: np.random.Generator
) -> Images:
    """Add Gaussian noise of standard deviation eps to every pixel, clipped to [0, 1].

    One of the corruptions of Hendrycks and Dietterich, Benchmarking neural network
    robustness to common corruptions and perturbations, ICLR 2019,
    https://arxiv.org/abs/1903.12261.
    """
    noise = rng.standard_normal(x.shape, np.float32)
    return np.clip(x + np.float32(eps) * noise, 0, 1)


@input_attack(unit="share", square=True)
def occlusion(
    model: "SparseMLP", x: Images, y: Labels, eps: float, rng: np.random.Generator
) -> Images:
    """Cover a square patch that takes the share eps of a square image with 0.

    Its side is ``floor(sqrt(eps) * side + 1/2)`` pixels, its place uniformly random for
    every image; at a larger eps it covers what it covered before.
    """
    side = math.isqrt(x.shape[1])
    patch = math.floor(math.sqrt(eps) * side + 0.5)
    corner = np.floor(rng.random((len(x), 2)) * (side - patch + 1))
    row, column = np.divmod(np.arange(x.shape[1]), side)
    down, right = row - corner[:, :1], column - corner[:, 1:]
    covered = (np.minimum(down, right) >= 0) & (np.maximum(down, right) < patch)
    return np.where(covered, np.float32(0), x)


@input_attack(unit="share")
def pixel_dropout(
    model: "SparseMLP", x: Images, y: Labels, eps: float, rng: np.random.Generator
) -> Images:
    """Set the share eps of the pixels to 0, drawn anew for every image.

    Exactly ``floor(eps * pixels + 1/2)`` pixels are hit, black ones among them.
    """
    order = np.argsort(rng.random(x.shape), axis=1, kind="stable")
    dropped = x.copy()
    hit = order[:, : math.floor(eps * x.shape[1] + 0.5)]
    np.put_along_axis(dropped, hit, np.float32(0), axis=1)
    return dropped
