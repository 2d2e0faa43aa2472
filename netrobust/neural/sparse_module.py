"""Sparsifiers for a torch module of one's own, in a training loop of one's own."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from functools import partial
from typing import Any, Self, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import Optimizer

from netrobust.core.errors import InputError
from netrobust.core.settings import MOST_TIMES, flag, share, whole
from netrobust.neural.linear import SparseLinear
from netrobust.neural.masked_kernel import (
    KERNELS,
    MaskedKernel,
    check_kernel,
    computed,
)
from netrobust.neural.module_linear import SparseModuleLinear
from netrobust.neural.sparsify import Context, LayerLinks, Rewiring
from netrobust.neural.sparsify import sparsifier as method_of
from netrobust.neural.topology import MOST_PLACES, union
from netrobust.neural.topology import topology as topology_of
from netrobust.neural.weight_init import fresh_sparse


class ModuleSparsifier:
    """The moving links of a module: made by `sparsify`, moved by `step`.

    Attributes
    ----------
    layers : dict of str to SparseModuleLinear or MaskedKernel
        The sparse layers, by the names of the layers whose places they have, and what
        holds the links of convolutions.
    sparsifier : Sparsifier
    steps : int
        How often links have moved.
    """

    def __init__(
        self,
        module: nn.Module,
        layers: dict[str, SparseModuleLinear | MaskedKernel],
        sparsifier: str,
        options: dict[str, Any],
        zeta: float,
        updates: int,
        chained: bool,
        seed: int,
    ) -> None:
        self.module, self.layers = module, layers
        self.sparsifier = method_of(sparsifier, **options)
        self.steps, self._zeta, self._updates = 0, zeta, updates
        self._seed, self._chained = seed, chained
        self._memory: list[dict[str, NDArray[Any]]] = [
            {} for _ in (range(1) if chained else layers)
        ]
        self._seen: dict[int, tuple[Tensor, Tensor]] = {}
        if self.sparsifier.gradient:
            for layer in layers.values():
                if isinstance(layer, MaskedKernel):
                    layer.keep_gradients()
                else:
                    layer.register_forward_hook(self._keep)

    def step(self, optimiser: Optimizer | None = None) -> dict[str, int]:
        """Move links, as the method does; the optimiser's memory follows them.

        Call it after an epoch, or after every so many batches, when the optimiser has
        made its step and before it forgets the gradients, which some methods ask for.

        Parameters
        ----------
        optimiser : torch.optim.Optimizer, optional
            What trains the module. What it keeps of every weight, as momentum, goes
            with the links; new links start at 0.

        Returns
        -------
        dict of str to int
            How many links of each layer are new.

        Raises
        ------
        InputError
            The method needs a gradient, and no batch was seen.
        """
        method = self.sparsifier
        if method.step is None:
            return dict.fromkeys(self.layers, 0)
        self.steps += 1
        layers = list(self.layers.values())
        rng = np.random.default_rng([self._seed, self.steps])
        before = [_links(one) for one in layers]
        counts = tuple(one.weight.size for one in before)
        whole_ = Context(
            self._zeta,
            rng,
            progress=min(self.steps / (self._updates + 1), 1 - 1e-9),
            links=counts,
            budget=counts,
            learning_rate=_rate(optimiser),
            gradient=partial(self._gradient, 0),
            memory=self._memory[0],
        )
        if whole_.progress >= method.until:
            return dict.fromkeys(self.layers, 0)
        moves: list[Rewiring] = []
        if self._chained:
            moves = method.step(before, whole_)
        else:
            for k, links in enumerate(before):
                alone = replace(
                    whole_,
                    links=counts[k : k + 1],
                    budget=counts[k : k + 1],
                    gradient=partial(self._gradient, k),
                    memory=self._memory[k],
                )
                moves += method.step([links], alone)
        for layer, move in zip(layers, moves, strict=True):
            _rewire(layer, move, optimiser)
        return {
            name: int(move.target.size)
            for name, move in zip(self.layers, moves, strict=True)
        }

    def dense(self) -> nn.Module:
        """Give a copy of the module with plain layers, pruned by masks.

        It goes wherever a module goes that `torch.nn.utils.prune` has pruned, as to
        `to_layers` and `percolate`.
        """
        # Hooks refer to this and to kernels; numbers that were computed have no copy.
        as_is = {id(one): one for one in (self, *self.layers.values())}
        copy = deepcopy(self.module, {**as_is, **computed(self.module)})
        for name, layer in self.layers.items():
            if isinstance(layer, MaskedKernel):
                layer.forget(copy.get_submodule(name))
                continue
            sparse = cast(SparseModuleLinear, copy.get_submodule(name))
            copy = _placed(copy, name, sparse.dense())
        return copy

    def state_dict(self) -> dict[str, Tensor]:
        """Give what the method remembers; the module's own state has the topology."""
        state = {"steps": torch.tensor(self.steps)}
        for k, memory in enumerate(self._memory):
            for name, array in memory.items():
                state[f"memory.{k}.{name}"] = torch.tensor(array)
        return state

    def load_state_dict(self, state: dict[str, Tensor]) -> Self:
        """Go on from what `state_dict` gave."""
        if "steps" not in state:
            raise InputError("the state is none of a sparsifier: it has no steps")
        self.steps = int(state["steps"])
        for memory in self._memory:
            memory.clear()
        for key, value in state.items():
            if key.startswith("memory."):
                _, k, name = key.split(".", 2)
                self._memory[int(k)][name] = value.numpy().copy()
        return self

    def _keep(self, layer: nn.Module, inputs: Any, out: Tensor) -> None:
        if out.requires_grad:
            out.retain_grad()
            self._seen[id(layer)] = inputs[0].detach(), out

    def _gradient(self, index: int, within: int = 0) -> NDArray[np.float32]:
        """Give the gradient at all places of a layer, alone or with others."""
        layer = list(self.layers.values())[index + within]
        if isinstance(layer, MaskedKernel):
            return layer.gradient()
        inputs, out = self._seen.get(id(layer), (None, None))
        if inputs is None or out is None or out.grad is None:
            raise InputError(
                "the method needs the gradient of a batch; call step after the "
                "backward pass of one"
            )
        rows = out.grad.reshape(-1, layer.out_features)
        found = rows.t() @ inputs.reshape(-1, layer.in_features)
        return cast(NDArray[np.float32], found.numpy())


def sparsify(
    module: nn.Module,
    sparsifier: str = "set",
    *,
    sparsity: float = 0.9,
    layers: Sequence[str] | None = None,
    zeta: float = 0.3,
    updates: int = 100,
    topology: str = "erdos_renyi",
    chained: bool = False,
    seed: int = 0,
    **options: Any,
) -> ModuleSparsifier:
    """Make layers of a module sparse, and let their links move.

    The module is changed: each linear layer becomes a `SparseModuleLinear`, which
    stores its links alone, with weights drawn anew. A convolution keeps its kernel
    under a mask, whose single numbers are its links. Make the optimiser afterwards.

    Parameters
    ----------
    module : torch.nn.Module
    sparsifier : str
        A name in `SPARSIFIERS`, such as ``set``, ``rigl``, ``mest``, ``cht``, ``chts``.
    sparsity : float
        Share of the links of each layer that are not there.
    layers : sequence of str, optional
        Names of layers of `torch.nn.Linear`, or of Conv1d, Conv2d and Conv3d with
        ``set``, ``rigl``, ``mest`` or ``static``, which ask of links their weights and
        gradients alone; all linear ones but the last if not given, or the only one.
    zeta : float
        Share of the links that move at a step.
    updates : int
        Steps there will be, for methods that move fewer links towards the end.
    topology : str
        Where links start, a name in `TOPOLOGIES` that needs no images.
    chained : bool
        Each of the layers feeds the next: methods that remove links of neurons which
        have lost one side may then do so across layers.
    seed : int
    **options
        Of the sparsifier.

    Returns
    -------
    ModuleSparsifier
        Its `step` is for your training loop, and ``dense()`` gives the module back.

    Raises
    ------
    InputError
        A name is unknown, a layer is of another kind or has no meaning for the method,
        or a number is out of its range.

    Examples
    --------
    >>> module = nn.Sequential(nn.Linear(20, 30), nn.ReLU(), nn.Linear(30, 2))
    >>> sparse = sparsify(module, "set", sparsity=0.9)
    >>> optimiser = torch.optim.Adam(module.parameters())
    >>> x, y = torch.ones(8, 20), torch.zeros(8, dtype=torch.int64)
    >>> for epoch in range(2):
    ...     optimiser.zero_grad()
    ...     nn.functional.cross_entropy(module(x), y).backward()
    ...     optimiser.step()
    ...     moved = sparse.step(optimiser)
    >>> moved["0"] > 0, module[0].weight.numel()
    (True, 60)
    """
    method = method_of(sparsifier, **options)
    if method.dense:
        raise InputError(f"{sparsifier} trains dense layers; choose a sparse method")
    kept, zeta, chained = (
        1 - share("sparsity", sparsity), share("zeta", zeta), flag("chained", chained),
    )  # fmt: skip
    updates = whole("updates", updates, 1, MOST_TIMES)
    rng = np.random.default_rng(whole("seed", seed, 0))
    place, found = topology_of(topology), _chosen(module, layers)
    drawn: dict[str, SparseLinear | NDArray[Any]] = {}
    for name, plain in found.items():
        if type(plain) in KERNELS:
            check_kernel(name, plain, sparsifier, topology, chained)
        n_out, n_in = _shape(name, plain)
        if method.every_place and n_in * n_out > MOST_PLACES:
            raise InputError(
                f"{sparsifier} holds a number for every place of a layer, and {name} "
                f"has {n_in * n_out}, more than {MOST_PLACES}; choose another method"
            )
        count = max(1, round(kept * n_in * n_out))
        source, target = place(n_in, n_out, count, rng)
        if type(plain) in KERNELS:
            drawn[name] = np.sort(target * n_in + source)
        else:
            drawn[name] = fresh_sparse(n_in, n_out, source, target, "swi", rng)
    # Nothing is refused any more: only now does the module change.
    made: dict[str, SparseModuleLinear | MaskedKernel] = {}
    for name, one in drawn.items():
        if isinstance(one, SparseLinear):
            made[name] = layer = SparseModuleLinear.of(found[name], one)
            _placed(module, name, layer)
        else:
            made[name] = MaskedKernel(found[name], one)
    return ModuleSparsifier(
        module, made, sparsifier, options, zeta, updates, chained, seed
    )


def _chosen(module: nn.Module, layers: Sequence[str] | None) -> dict[str, Any]:
    """Give the layers that are asked for, by their names."""
    found = {
        name: cast(Any, one)
        for name, one in module.named_modules()
        if type(one) in (nn.Linear, *KERNELS)
    }
    linear = [name for name, one in found.items() if type(one) is nn.Linear]
    asked = [layers] if isinstance(layers, str) else layers
    names = (linear[:-1] or linear) if asked is None else list(asked)
    for name in names:
        if name not in found or not name:
            raise InputError(
                f"the module has no torch.nn.Linear {name!r} inside, nor a "
                "convolution of that name; choose from: "
                f"{', '.join(filter(None, found)) or 'none'}"
            )
    if not names:
        raise InputError("the module has no torch.nn.Linear to make sparse")
    return {name: found[name] for name in names}


def _shape(name: str, plain: Any) -> tuple[int, int]:
    """Give targets and sources of a layer of float32 on the CPU."""
    if plain.weight.dtype != torch.float32 or plain.weight.device.type != "cpu":
        raise InputError(
            f"sparse layers are of float32 on the CPU; {name} is of "
            f"{plain.weight.dtype} on {plain.weight.device}, so convert the module"
        )
    n_out, n_in = plain.weight.flatten(1).shape
    return n_out, n_in


def _placed(module: nn.Module, name: str, layer: nn.Module) -> nn.Module:
    parent, _, last = name.rpartition(".")
    setattr(module.get_submodule(parent), last, layer)
    return module


def _links(layer: SparseLinear | MaskedKernel) -> LayerLinks:
    if isinstance(layer, MaskedKernel):
        return layer.moving()
    gradient = layer.weight.grad
    return LayerLinks(
        layer.in_features,
        layer.out_features,
        *layer.links(),
        None if gradient is None else gradient.numpy(),
    )


def _rate(optimiser: Optimizer | None) -> float:
    return 0.0 if optimiser is None else float(optimiser.param_groups[0]["lr"])


def _rewire(
    layer: SparseLinear | MaskedKernel, move: Rewiring, optimiser: Optimizer | None
) -> None:
    """Move links, and all that the optimiser keeps of each of them."""
    if isinstance(layer, MaskedKernel):
        layer.rewire(move, optimiser)
        return
    stay = union(move.kept, move.restored)
    if move.values is not None:
        with torch.no_grad():
            layer.weight[torch.from_numpy(move.kept)] = torch.from_numpy(move.values)
    shape = layer.weight.shape
    origin = torch.from_numpy(layer.rewire(stay, move.source, move.target, move.weight))
    held = {} if optimiser is None else optimiser.state.get(layer.weight, {})
    for name, value in held.items():
        if isinstance(value, Tensor) and value.shape == shape:
            moved = torch.zeros(len(origin), dtype=value.dtype)
            moved[origin >= 0] = value[origin[origin >= 0]]
            held[name] = moved
