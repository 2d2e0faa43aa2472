"""What users say of damaged copies of their modules."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import torch
from torch import nn

from netrobust.convert.layer_stack import Joint
from netrobust.convert.torch_modules import write_module
from netrobust.core.errors import InputError
from netrobust.core.settings import flag, whole
from netrobust.data.dataset import Dataset
from netrobust.graphs.damage import Damage
from netrobust.neural.evaluate import BATCH, assess

#: ``(module) -> numbers by name``, such as ``{"accuracy": 0.9}``.
Evaluate = Callable[[nn.Module], Mapping[str, float]]


@dataclass(frozen=True)
class OnImages:
    """Score a module on the test images of a data set, as networks are scored.

    It is given rows of pixels in [0, 1], in evaluation mode, and must answer each with
    a number for every class.

    Parameters
    ----------
    data : Dataset
    images : int, optional
        The first so many test images; all if not given.
    details : bool
        As for `netrobust.neural.evaluate.evaluate`.

    Raises
    ------
    InputError
        A number is out of its range, or the module gives something else.
    """

    data: Dataset
    images: int | None = None
    details: bool = False

    def __post_init__(self) -> None:
        flag("details", self.details)
        if self.images is not None:
            whole("images", self.images, 1)

    @property
    def key(self) -> str:
        """What tells apart units that are scored on other images."""
        return f"{self.data.sha256} {self.images} {self.details}"

    def __call__(self, module: nn.Module) -> dict[str, float]:
        """Give accuracy and loss, and details if they are asked for."""
        x, y = self.data.x_test[: self.images], self.data.y_test[: self.images]
        try:
            with torch.no_grad():
                module.eval()
                found = [module(block) for block in torch.tensor(x).split(BATCH)]
        except RuntimeError as error:
            reason = " ".join(str(error).split())
            raise InputError(
                f"{type(module).__name__} takes no rows of {x.shape[1]} pixels "
                f"({reason}); score it by evaluate"
            ) from error
        shapes = [tuple(getattr(one, "shape", ())) for one in found]
        if any(len(one) != 2 or one[1] < self.data.n_classes for one in shapes):
            raise InputError(
                "a module that is scored on a data set must give a number for each of "
                f"its {self.data.n_classes} classes, for every row of pixels; it gives "
                f"{shapes[0] or type(found[0]).__name__}: score it by evaluate"
            )
        return assess(torch.cat(found).float().cpu().numpy(), y, self.details)


class Scores:
    """What the user's function says of copies of a module, each damage once.

    Parameters
    ----------
    module : torch.nn.Module
        It stays as it is.
    evaluate : callable
    taken : sequence of str
        Names of columns that the numbers must not have.

    Raises
    ------
    InputError
        `evaluate` is no function, or does not give the same named numbers every time.
    """

    def __init__(
        self,
        module: nn.Module,
        evaluate: Evaluate,
        taken: Sequence[str],
    ) -> None:
        if not callable(evaluate):
            raise InputError(
                "evaluate must be a function of a module that gives a dict of numbers; "
                f"got {type(evaluate).__name__}"
            )
        self.module, self.evaluate = module, evaluate
        self.taken = set(taken)
        self.names: list[str] | None = None
        self.seen: dict[bytes, dict[str, float]] = {}
        self.drawn: tuple[Any, ...] = ()

    def of(
        self, subject: Joint, damage: Damage, drawn: tuple[str, str, int]
    ) -> dict[str, float]:
        """Score what a damage leaves of a subject."""
        network, null_model, replicate = drawn
        draw = (network, null_model, None if null_model == "none" else replicate)
        if draw != self.drawn:
            self.drawn, self.seen = draw, {}
        if (key := damage.digest) not in self.seen:
            left = write_module(subject.left(damage).layers, self.module)
            self.seen[key] = self._checked(self.evaluate(left))
        return self.seen[key]

    def _checked(self, found: Any) -> dict[str, float]:
        if not isinstance(found, Mapping) or not found:
            raise InputError(
                "evaluate must give a dict of numbers, such as {'accuracy': 0.9}; got "
                f"{found!r}"
            )
        scores = {}
        for name, value in found.items():
            if not isinstance(name, str) or name in self.taken:
                raise InputError(
                    f"evaluate calls a number {name!r}, which is no text or the name "
                    "of another column; rename it"
                )
            if not isinstance(value, Real):
                raise InputError(
                    f"evaluate must give {name} as a number; got {value!r}, so use "
                    "float or .item()"
                )
            scores[name] = float(value)
        if self.names not in (None, list(scores)):
            raise InputError(
                f"evaluate must give the same names every time; got {list(scores)} "
                f"after {self.names}"
            )
        self.names = list(scores)
        return scores
