"""What users say of damaged copies of their modules."""

from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from typing import Any

from torch import nn

from netrobust.convert.layer_stack import Joint
from netrobust.convert.torch_modules import write_module
from netrobust.core.errors import InputError
from netrobust.graphs.damage import Damage

#: ``(module) -> numbers by name``, such as ``{"accuracy": 0.9}``.
Evaluate = Callable[[nn.Module], Mapping[str, float]]


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
