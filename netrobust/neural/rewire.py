"""The moving links of one training: when they move, and what is remembered of them."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor
from torch.optim import SGD

from netrobust.core.errors import InputError
from netrobust.neural.config import TrainConfig
from netrobust.neural.dynamics import Trace, topology_rows
from netrobust.neural.linear import SparseLinear
from netrobust.neural.model import SparseMLP
from netrobust.neural.sparsify import Context, LayerLinks, Rewiring, Sparsifier
from netrobust.neural.topology import union

Row: TypeAlias = dict[str, float]


class MovingLinks:
    """Rewires the sparse layers of a network in training, and keeps count.

    Parameters
    ----------
    model : SparseMLP
    optimiser : SGD
        Its momentum follows the links.
    config : TrainConfig
    batches : int
        Batches of an epoch.
    state : mapping of str to Tensor
        Of a checkpoint; empty before the first epoch.
    counts_stay : bool
        Whether every layer keeps the number of links it has now; else the settings say
        how many it has when.

    Raises
    ------
    InputError
        The checkpoint does not fit the network.
    """

    def __init__(
        self,
        model: SparseMLP,
        optimiser: SGD,
        config: TrainConfig,
        batches: int,
        state: Mapping[str, Tensor],
        counts_stay: bool = False,
    ) -> None:
        self._layers = [one for one in model.layers if isinstance(one, SparseLinear)]
        self._optimiser, self._config, self._method = optimiser, config, config.method
        self._batches, self._total = batches, batches * config.epochs
        self._counts_stay = counts_stay
        self._budget = self._links_at_the_end(model.sizes)
        self._sizes = model.sizes
        self._memory = _arrays(state, "memory.")
        self._trace = self._trace_of(state)
        self._counts = self._nothing()
        self._seen: dict[int, tuple[Tensor, Tensor]] = {}
        self._gradient: Callable[[int], np.ndarray] = self._gradient_seen

    def due(self, batch: int) -> bool:
        """Whether links move after a batch, the first of the training being 1."""
        method = self._method
        if method.step is None or batch >= min(self._end, self._total):
            return False
        return batch % self._period == 0

    def due_within(self, batch: int) -> bool:
        """Whether links move after a batch, before its epoch is over and scored."""
        return self._method.batches > 0 and self.due(batch)

    def skips(self, batch: int) -> bool:
        """Whether the optimiser makes no step on a batch, since links move then."""
        return self._method.skips_step and self.due(batch)

    @contextmanager
    def watched(self, batch: int) -> Iterator[None]:
        """Keep what the gradient at all possible links needs, where a move needs it."""
        if not (self._method.gradient and self.due(batch)):
            yield
            return

        def keep(layer: Any, images: tuple[Tensor], out: Tensor) -> None:
            out.retain_grad()
            self._gradient = self._gradient_seen
            self._seen[id(layer)] = images[0].detach(), out

        hooks = [layer.register_forward_hook(keep) for layer in self._layers]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def gradient_from(self, gradient: Callable[[int], np.ndarray]) -> None:
        """Ask another for the gradient of the last batch at all possible links."""
        self._gradient = gradient

    def move(self, batch: int, learning_rate: float, rng: np.random.Generator) -> None:
        """Rewire all layers after a batch, momentum included."""
        step = self._method.step
        if step is None:
            raise AssertionError("nothing moves here")
        progress, before = batch / self._end, self._links()
        last = batch + self._period >= min(self._end, self._total)
        surplus = 0.0 if last else self._method.surplus(progress)
        links = (
            self._budget
            if self._counts_stay
            else tuple(self._config.links(self._sizes, surplus))
        )
        context = Context(
            self._config.zeta,
            rng,
            progress=progress,
            links=links,
            budget=self._budget,
            learning_rate=learning_rate,
            gradient=self._gradient,
            memory=self._memory,
        )
        moves = step(before, context)
        for number, (layer, old, move, count) in enumerate(
            zip(self._layers, before, moves, links, strict=True)
        ):
            self._rewire(layer, move)
            if layer.weight.numel() != count:
                raise AssertionError(
                    f"layer {number + 1} must have {count} links and was rewired to "
                    f"{layer.weight.numel()}"
                )
            self._trace.grown(number, move.target * old.n_in + move.source)
            for what, amount in _turnover(old, move).items():
                self._counts[number][what] += amount
        self._seen.clear()

    def describe(self) -> list[Row]:
        """Give links and topology of every layer as they are now."""
        links = self._links()
        rows = topology_rows(links, self._trace)
        return [
            {"layer": number, "links": layer.weight.size, **row}
            for number, (layer, row) in enumerate(zip(links, rows, strict=True), 1)
        ]

    def turnover(self) -> list[Row]:
        """Count for every layer the links moved since the last call."""
        counts, self._counts = self._counts, self._nothing()
        return counts

    def state(self) -> dict[str, Tensor]:
        """Give what a checkpoint must hold of the links beside the network."""
        parts = {"trace.": self._trace.arrays(), "memory.": self._memory}
        return {
            prefix + name: torch.tensor(array)  # a copy: files hold no shared memory
            for prefix, arrays in parts.items()
            for name, array in arrays.items()
        }

    @property
    def _period(self) -> int:
        return _period(self._method, self._batches)

    @property
    def _end(self) -> float:
        return self._method.until * self._total

    def _links_at_the_end(self, sizes: tuple[int, ...]) -> tuple[int, ...]:
        if self._counts_stay:
            return tuple(layer.weight.numel() for layer in self._layers)
        return tuple(self._config.links(sizes)) if self._layers else ()

    def _trace_of(self, state: Mapping[str, Tensor]) -> Trace:
        if not state:
            return Trace.begin(self._links())
        if self._layers and not any(name.startswith("trace.") for name in state):
            raise InputError(
                "the checkpoint has no trace of its links, as none of netrobust 0.1.0 "
                "has; train the network again"
            )
        trace = Trace.from_arrays(_arrays(state, "trace."))
        places = [one.in_features * one.out_features for one in self._layers]
        if len(trace.ever) != len(places) or any(
            ever.size and ever[-1] >= count
            for ever, count in zip(trace.ever, places, strict=False)
        ):
            raise InputError(
                "the checkpoint's trace is not that of its links; train the network "
                "again"
            )
        return trace

    def _nothing(self) -> list[Row]:
        return [{"removed": 0, "grown": 0, "returned": 0} for _ in self._layers]

    def _links(self) -> list[LayerLinks]:
        return [
            LayerLinks(
                layer.in_features,
                layer.out_features,
                *layer.links(),
                None if layer.weight.grad is None else layer.weight.grad.numpy(),
            )
            for layer in self._layers
        ]

    def _gradient_seen(self, index: int) -> np.ndarray:
        images, out = self._seen[id(self._layers[index])]
        if out.grad is None:
            raise AssertionError("no gradient was kept; a batch must be watched")
        return (out.grad.t() @ images).numpy()

    def _rewire(self, layer: SparseLinear, move: Rewiring) -> None:
        stay = union(move.kept, move.restored)
        if move.values is not None:
            layer.weight.detach().numpy()[move.kept] = move.values
        buffer = self._optimiser.state[layer.weight].get("momentum_buffer")
        origin = layer.rewire(stay, move.source, move.target, move.weight)
        if buffer is None:  # SGD with momentum 0 keeps none
            return
        moved = np.zeros(origin.size, np.float32)
        survived = origin >= 0
        moved[survived] = buffer.numpy()[origin[survived]]
        self._optimiser.state[layer.weight]["momentum_buffer"] = torch.from_numpy(moved)


def moves(config: TrainConfig, batches: int) -> bool:
    """Return whether links move at all in a training with so many batches an epoch.

    Examples
    --------
    >>> [moves(TrainConfig(sparsifier="set", epochs=n), 63) for n in (1, 2)]
    [False, True]
    """
    method, total = config.method, batches * config.epochs
    first = _period(method, batches)
    return method.step is not None and first < min(method.until * total, total)


def _period(method: Sparsifier, batches: int) -> int:
    return method.batches or method.epochs * batches


def _turnover(links: LayerLinks, move: Rewiring) -> Row:
    dropped = np.delete(links.place, union(move.kept, move.restored))
    grown = move.target * links.n_in + move.source
    back = int(np.isin(dropped, grown, assume_unique=True).sum())
    return {
        "removed": links.weight.size - move.kept.size,
        "grown": grown.size + move.restored.size,
        "returned": back + move.restored.size,
    }


def _arrays(state: Mapping[str, Tensor], prefix: str) -> dict[str, np.ndarray]:
    return {
        name.removeprefix(prefix): tensor.numpy().copy()
        for name, tensor in state.items()
        if name.startswith(prefix)
    }
