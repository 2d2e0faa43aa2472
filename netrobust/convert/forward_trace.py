"""Which layer feeds which: read off one forward pass on an example.

Every tensor of the pass is followed from the layers that it comes from, with the axis
on which their neurons lie. A layer goes on from another one where all it gets is what
that one gives, neuron by neuron: through activations, normalisation, dropout, pooling,
and changes of shape that leave the neurons as they are. What joins, reorders or mixes
neurons, a skip and a product of two activations among it, breaks the chain, and so does
a layer that is used twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.weak import WeakTensorKeyDictionary

from netrobust.convert.torch_modules import copied
from netrobust.convert.weight_views import WeightView, weight_views
from netrobust.core.errors import InputError, shown

Came = dict[str, int | None]  # layers, and the axis of their neurons; None if mixed

_INPUT = "the input"
# Beside what torch tags as working element by element.
_KEEP = frozenset(
    (
        "native_batch_norm",
        "_native_batch_norm_legit",
        "_native_batch_norm_legit_no_training",
        "cudnn_batch_norm",
        "_batch_norm_with_update",
        "native_layer_norm",
        "native_group_norm",
        "_softmax",
        "_log_softmax",
        "native_dropout",
        "bernoulli",
        "avg_pool1d",
        "avg_pool2d",
        "avg_pool3d",
        "_adaptive_avg_pool2d",
        "_adaptive_avg_pool3d",
        "max_pool2d_with_indices",
        "max_pool3d_with_indices",
        "adaptive_max_pool2d",
        "adaptive_max_pool3d",
        "constant_pad_nd",
        "upsample_nearest1d",
        "upsample_nearest2d",
        "upsample_bilinear2d",
        "clone",
        "detach",
        "alias",
        "_to_copy",
        "lift_fresh",
        "expand",
        "copy",
        "contiguous",
    )
)
_SHAPE = frozenset(("view", "_unsafe_view", "reshape", "_reshape_copy"))
_REDUCE = frozenset(("mean", "sum", "amax", "amin", "max", "min", "logsumexp"))


@dataclass
class Trace:
    """What a forward pass shows.

    Attributes
    ----------
    order : list of str
        Layers in the order of their first use.
    came : mapping of str to list
        For every use of a layer, the layers that its input comes from.
    end : mapping
        The layers that the output comes from.
    """

    order: list[str] = field(default_factory=list)
    came: dict[str, list[Came]] = field(default_factory=dict)
    end: Came = field(default_factory=dict)

    def why_not(self, before: str, after: str) -> str:
        """Say why a layer does not go on from another one; nothing if it does."""
        uses = self.came.get(after, [])
        if not uses:
            return f"{after} is not used by the example, or in an unknown way"
        for name in (before, after):
            if len(self.came.get(name, [])) > 1:
                return f"{name} is used {len(self.came[name])} times"
        (came,) = uses
        if set(came) != {before}:
            return f"{after} gets what {_listed(came)} gives, not {before} alone"
        if came[before] is None:
            return f"between {before} and {after} neurons are mixed or moved"
        return ""

    def why_no_end(self, last: str) -> str:
        """Say what the output comes from beside the last layer; nothing if nothing."""
        if last not in self.end or set(self.end) == {last}:
            return ""
        return f"the output is made of what {_listed(self.end)} gives"


def _listed(came: Came) -> str:
    return " and ".join(sorted(came)) or "nothing known"


def trace(module: nn.Module, example: Any) -> Trace:
    """Follow one forward pass through the layers of a module.

    Parameters
    ----------
    module : torch.nn.Module
        A copy of it is run, in evaluation mode.
    example : Tensor, tuple or mapping
        What the module takes: one tensor, its arguments, or its keyword arguments.

    Raises
    ------
    InputError
        The module cannot be copied, or does not run on the example.

    Examples
    --------
    >>> class Backwards(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.last, self.first = nn.Linear(3, 3), nn.Linear(3, 3)
    ...     def forward(self, x):
    ...         return self.last(torch.relu(self.first(x)))
    >>> trace(Backwards(), torch.ones(1, 3)).order
    ['first', 'last']
    """
    copy = copied(module).eval()
    flow = _Flow()
    hooks = [
        hook for owner, views in _by_owner(copy) for hook in flow.watch(owner, views)
    ]
    args, kwargs = _arguments(example)
    for one in tree_leaves((args, kwargs)):
        if isinstance(one, Tensor):
            flow.came[one] = {_INPUT: None}
    fast = torch.backends.mha.get_fastpath_enabled()
    try:
        torch.backends.mha.set_fastpath_enabled(False)
        with torch.no_grad(), flow:
            # What torch.compile made is followed as it was before.
            found = getattr(copy, "_orig_mod", copy)(*args, **kwargs)
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        raise InputError(
            f"{type(module).__name__} does not run on the example ({reason}); give "
            "what its forward takes: a tensor, a tuple of arguments, or a dict of them"
        ) from error
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
        for hook in hooks:
            hook.remove()
    flow.found.end = flow.joined(found)
    return flow.found


def probed(module: nn.Module, views: Mapping[str, WeightView]) -> Trace | None:
    """Follow a forward pass on two rows of ones, where a module takes such.

    That is where all layers are linear ones and the module runs on rows of just one
    width; None elsewhere.
    """
    shapes = {
        name: tuple(one.parameter.shape)
        for name, one in views.items()
        if one.parameter is not None and one.call and not one.flipped
    }
    plain = all(len(shape) == 2 for shape in shapes.values())
    widths = dict.fromkeys(shape[1] for shape in shapes.values())
    if len(shapes) < len(views) or not plain or len(widths) > 16:
        return None
    kind = next(iter(views.values())).parameter
    found = []
    for width in widths:
        try:
            found.append(trace(module, kind.new_ones((2, width))))  # type: ignore[union-attr]
        except InputError:
            continue
    return found[0] if len(found) == 1 else None


def _arguments(example: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    if isinstance(example, Mapping):
        return (), dict(example)
    if isinstance(example, tuple | list):
        return tuple(example), {}
    try:
        return (torch.as_tensor(example),), {}
    except (TypeError, ValueError, RuntimeError):
        raise InputError(
            "example must be a tensor, an array, a tuple of them or a mapping, as the "
            f"module takes; got {shown(example)}"
        ) from None


def _by_owner(module: nn.Module) -> list[tuple[nn.Module, dict[str, WeightView]]]:
    """Give every module that uses layers when it is called, with those."""
    views = {name: one for name, one in weight_views(module).items() if one.call}
    found = []
    for owner in module.modules():
        held = {id(value) for value in owner._parameters.values() if value is not None}
        mine = {name: one for name, one in views.items() if id(one.parameter) in held}
        if isinstance(owner, nn.MultiheadAttention):  # which never calls its last part
            last = owner.out_proj
            mine |= {name: one for name, one in views.items() if one.owner is last}
        if mine:
            found.append((owner, mine))
    return found


class _Flow(TorchDispatchMode):
    """Follow tensors through all operations of torch."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Keep torch from loading its compiler, which takes seconds, for nothing."""
        return False

    def __init__(self) -> None:
        super().__init__()
        self.came = WeakTensorKeyDictionary()
        self.found = Trace()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        given = [
            (one, self.came[one])
            for one in _tensors((args, kwargs))
            if one in self.came
        ]
        out = func(*args, **(kwargs or {}))
        if given:
            for one in _tensors(out):
                self.came[one] = _after(func, args, given, one)
        return out

    def joined(self, value: Any, kernel: int | None = None) -> Came:
        """Give all that the tensors of a value come from.

        With `kernel`, the number of axes right of the neurons, those that lie on
        another axis count as mixed.
        """
        came: Came = {}
        for one in _tensors(value):
            for name, axis in self.came.get(one, {}).items():
                place = axis
                if kernel is not None and axis != one.ndim - 1 - kernel:
                    place = None
                came[name] = place if came.get(name, place) == place else None
        return came

    def watch(self, owner: nn.Module, views: Mapping[str, WeightView]) -> list[Any]:
        """Note what the owner of some layers gets, and mark what it gives."""
        held = next(iter(views.values())).parameter
        kernel = 0 if held is None else max(held.ndim - 2, 0)
        others: Came = {f"the rest of {type(owner).__name__}": None}
        if len(views) == 1:
            others = {}

        def before(_: nn.Module, args: Any, kwargs: Any) -> None:
            came = {**self.joined((args, kwargs), kernel), **others}
            for name in views:
                if name not in self.found.came:
                    self.found.order.append(name)
                self.found.came.setdefault(name, []).append(came)

        def after(_: nn.Module, args: Any, kwargs: Any, out: Any) -> None:
            for one in _tensors(out):
                axis = None if others else one.ndim - 1 - kernel
                self.came[one] = dict.fromkeys(views, axis)

        return [
            owner.register_forward_pre_hook(before, with_kwargs=True),
            owner.register_forward_hook(after, with_kwargs=True),
        ]


def _tensors(value: Any) -> list[Tensor]:
    return [one for one in tree_leaves(value) if isinstance(one, Tensor)]


def _after(func: Any, args: Any, given: list[tuple[Tensor, Came]], out: Tensor) -> Came:
    """Say what a result comes from, and where the neurons of that lie in it."""
    came: Came = {}
    for one, before in given:
        for name, axis in before.items():
            place = None if axis is None else _axis(func, args, one, out, axis)
            came[name] = place if came.get(name, place) == place else None
    return came


def _axis(func: Any, args: Any, one: Tensor, out: Tensor, axis: int) -> int | None:
    """Give the axis on which neurons lie after an operation, None if that is lost."""
    name = func._schema.name.partition("::")[2].removesuffix("_")
    if torch.Tag.pointwise in func.tags or name in _KEEP:
        place = axis + out.ndim - one.ndim  # shapes are matched from their ends
    elif name in _SHAPE:
        place = _reshaped(tuple(one.shape), tuple(out.shape), axis)
    elif name == "t":
        place = one.ndim - 1 - axis
    elif name == "transpose":
        a, b = (n % one.ndim for n in args[1:3])
        place = {a: b, b: a}.get(axis, axis)
    elif name == "permute":
        place = [n % one.ndim for n in args[1]].index(axis)
    elif name == "unsqueeze":
        place = axis + (args[1] % (one.ndim + 1) <= axis)
    elif name in ("squeeze", "select") or (name in _REDUCE and len(args) > 1):
        place = _dropped(args, one, out, axis)
    elif name == "slice":
        place = axis if (args[1] if len(args) > 1 else 0) % one.ndim != axis else -1
    else:
        place = -1
    fits = 0 <= place < out.ndim and out.shape[place] == one.shape[axis]
    return place if fits else None


def _dropped(args: Any, one: Tensor, out: Tensor, axis: int) -> int:
    """Follow an axis where others are taken out, or reduced to one place."""
    dims = args[1] if len(args) > 1 else [k for k, n in enumerate(one.shape) if n == 1]
    gone = {n % one.ndim for n in ([dims] if isinstance(dims, int) else dims)}
    if axis in gone:
        return axis if one.shape == out.shape else -1
    return axis if out.ndim == one.ndim else axis - sum(n < axis for n in gone)


def _reshaped(old: tuple[int, ...], new: tuple[int, ...], axis: int) -> int:
    """Follow an axis that a new shape leaves whole."""
    for place, size in enumerate(new):
        same = size == old[axis] and prod(new[:place]) == prod(old[:axis])
        if same and prod(new[place + 1 :]) == prod(old[axis + 1 :]):
            return place
    return -1
