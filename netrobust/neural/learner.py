"""Many batches of a training in one call, for the networks that kernels can train."""

from collections.abc import Callable
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import SGD

from netrobust.data.load import Dataset
from netrobust.neural import steps
from netrobust.neural.config import TrainConfig
from netrobust.neural.fused import stackable, watched
from netrobust.neural.linear import SparseLinear
from netrobust.neural.model import SparseMLP
from netrobust.neural.tile import IMAGES

Floats = NDArray[np.float32]


class Learner:
    """Trains a network as its optimiser would, without a graph of operations.

    Between two calls network and optimiser are what they would be if autograd and the
    optimiser had made every step, but for rounding.

    Parameters
    ----------
    model : SparseMLP
    optimiser : SGD
        With the parameter groups of a training: weights, and biases without decay.
    data : Dataset
    config : TrainConfig
    """

    def __init__(
        self, model: SparseMLP, optimiser: SGD, data: Dataset, config: TrainConfig
    ) -> None:
        self._model, self._optimiser, self._config = model, optimiser, config
        self._x, self._y = np.ascontiguousarray(data.x_train), data.y_train
        # All tiles of a batch are kept only where a method reads them.
        tiles = -(-config.batch_size // IMAGES) if config.method.gradient else 1
        self._rows = steps.Rows(
            np.empty((tiles, sum(model.sizes[:-1]), IMAGES), np.float32),
            np.empty((tiles, sum(model.sizes[1:-1]), IMAGES), np.float32),
            np.empty((model.sizes[-1], IMAGES), np.float32),
        )
        self._last = 0  # images of the last batch

    def fits(self) -> bool:
        """Return whether the kernels do what autograd does with this network.

        All hidden layers must be sparse, all parameters learn in single precision, and
        nobody may watch a module.
        """
        model, x = self._model, torch.from_numpy(self._x[:1])
        return (
            type(model) is SparseMLP
            and type(model.head) is nn.Linear
            and stackable(list(model.layers), x)
            and not (watched(model) or watched(model.head))
            and model.head.weight.dtype == torch.float32
            and all(parameter.requires_grad for parameter in model.parameters())
        )

    def learn(self, order: NDArray[np.int64], stay: bool) -> tuple[float, int]:
        """Learn from images in batches, one step each.

        Parameters
        ----------
        order : ndarray of int64
            Ids of the images, batch by batch.
        stay : bool
            Make no step on the last batch.

        Returns
        -------
        loss : float
            Summed over all images.
        correct : int
        """
        config = self._config
        with np.errstate(over="ignore"):  # what is infinite is told by the loss
            rate = np.float32(self._optimiser.param_groups[0]["lr"])
        values, speed = self._values(), self._speed()
        slope = steps.Parameters(*(np.empty_like(part) for part in values))
        found: tuple[float, int] = steps.descend(
            self._x,
            self._y,
            order,
            config.batch_size,
            np.float32(self._model.mean),
            np.float32(1) / np.float32(self._model.std),
            self._links(),
            values,
            speed,
            slope,
            self._rows,
            rate,
            np.float32(config.momentum),
            np.float32(config.weight_decay),
            stay,
        )
        self._give(values, speed, slope)
        self._last = (order.size - 1) % config.batch_size + 1
        return found

    def gradient(self, index: int) -> Floats:
        """Give the gradient of the last batch at all possible links of a layer.

        Returns
        -------
        ndarray of float32, shape (n_out, n_in)
        """
        layer, sizes = self._layers[index], self._model.sizes
        below = sum(sizes[:index])
        hidden = below + sizes[index] - sizes[0]
        found = np.zeros((layer.out_features, layer.in_features), np.float32)
        for tile in range(-(-self._last // IMAGES)):
            outputs = self._rows.outputs[tile, below : below + layer.in_features]
            slopes = self._rows.slopes[tile, hidden : hidden + layer.out_features]
            steps.attribute_all(slopes, outputs, found)
        return found

    @property
    def _layers(self) -> list[SparseLinear]:
        return cast(list[SparseLinear], self._model.hidden_layers)

    def _links(self) -> steps.Links:
        layers = self._layers
        by_source = [layer.by_source() for layer in layers]
        return steps.Links(
            np.array(self._model.sizes[:-1]),
            np.array([layer.weight.numel() for layer in layers]),
            np.concatenate([layer.indptr.numpy() for layer in layers]),
            np.concatenate([layer.source.numpy() for layer in layers]).view(np.uint32),
            np.concatenate([begins for begins, _, _ in by_source]),
            np.concatenate([target for _, target, _ in by_source]).view(np.uint32),
            np.concatenate([order for _, _, order in by_source]).view(np.uint32),
        )

    def _joined(self, read: Callable[[Tensor], Floats]) -> steps.Parameters:
        """Put what is read of every parameter into new arrays."""
        layers, head = self._layers, self._model.head
        return steps.Parameters(
            np.concatenate([read(layer.weight) for layer in layers]),
            np.concatenate([read(layer.bias) for layer in layers]),
            read(head.weight).copy(),
            read(head.bias).copy(),
        )

    def _values(self) -> steps.Parameters:
        return self._joined(lambda parameter: parameter.detach().numpy())

    def _speed(self) -> steps.Parameters:
        def read(parameter: Tensor) -> Floats:
            buffer = self._optimiser.state[parameter].get("momentum_buffer")
            if buffer is None:
                return np.zeros(tuple(parameter.shape), np.float32)
            return cast(Tensor, buffer).numpy()

        return self._joined(read)

    def _give(
        self, values: steps.Parameters, speed: steps.Parameters, slope: steps.Parameters
    ) -> None:
        """Bring network and optimiser to where the kernels have come."""
        links = np.cumsum([layer.weight.numel() for layer in self._layers])[:-1]
        neurons = np.cumsum(self._model.sizes[1:-1])[:-1]

        def parts(of: steps.Parameters) -> list[Tensor]:
            arrays = [
                *np.split(of.weight, links),
                *np.split(of.bias, neurons),
                of.head_weight,
                of.head_bias,
            ]
            return [torch.from_numpy(array) for array in arrays]

        head = self._model.head
        parameters = [
            *(layer.weight for layer in self._layers),
            *(layer.bias for layer in self._layers),
            head.weight,
            head.bias,
        ]
        together = zip(
            parameters, parts(values), parts(speed), parts(slope), strict=True
        )
        for parameter, value, buffer, gradient in together:
            parameter.data.copy_(value)
            parameter.grad = gradient
            if self._config.momentum:
                self._optimiser.state[parameter]["momentum_buffer"] = buffer
