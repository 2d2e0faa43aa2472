"""Networks built from plain torch and pruned with torch, and what their owner asks."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import prune

from netrobust.graphs.graph import links

IMAGES = torch.linspace(-1, 1, 24 * 64).sin().mul(7).sin().reshape(24, 1, 8, 8)


class ConvNet(nn.Module):
    """Convolutions with normalisation and dropout, then linear layers."""

    def __init__(self, groups: int = 1) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 4, 3, padding=1),
            nn.BatchNorm2d(4),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(4, 6, 3, padding=1, groups=groups, bias=False),
            nn.BatchNorm2d(6),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(2),
        )
        self.classifier = nn.Sequential(
            nn.Linear(24, 10), nn.ReLU(), nn.Dropout(0.5), nn.Linear(10, 3)
        )

    def forward(self, images: Tensor) -> Tensor:
        return self.classifier(torch.flatten(self.features(images), 1))


def convnet(groups: int = 1) -> ConvNet:
    """A network of convolutions with numbers of its own, in evaluation mode."""
    torch.manual_seed(0)
    made = ConvNet(groups)
    made(IMAGES)  # so that normalisation has seen something
    return made.eval()


def mlp(dtype: torch.dtype = torch.float32) -> nn.Module:
    """A perceptron whose layers chain."""
    torch.manual_seed(1)
    layers = nn.Linear(64, 12), nn.ReLU(), nn.Linear(12, 8), nn.Tanh(), nn.Linear(8, 3)
    made = nn.Sequential(nn.Flatten(), *layers).to(dtype).eval()
    if dtype == torch.float64:  # numbers that no float32 holds
        for one in made.parameters():
            one.data *= 1 + 1e-12
    return made


def layers_of(module: nn.Module) -> list[nn.Module]:
    return [one for one in module.modules() if isinstance(one, nn.Linear | nn.Conv2d)]


def unstructured(module: nn.Module) -> nn.Module:
    for one in layers_of(module):
        prune.l1_unstructured(one, "weight", 0.6)
    return module


def at_random(module: nn.Module) -> nn.Module:
    torch.manual_seed(2)
    for one in layers_of(module):
        prune.random_unstructured(one, "weight", 0.5)
        if one.bias is not None:
            prune.random_unstructured(one, "bias", 0.3)
    return module


def made_permanent(module: nn.Module) -> nn.Module:
    for one in layers_of(unstructured(module)):
        prune.remove(one, "weight")
    return module


def by_channel(module: nn.Module) -> nn.Module:
    """Whole channels, after single weights: a container of masks."""
    for one in layers_of(unstructured(module)):
        prune.ln_structured(
            one, "weight", 0.3, n=2, dim=1 if one.weight.shape[1] > 1 else 0
        )
    return module


def as_it_is(module: nn.Module) -> nn.Module:
    return module


WAYS = (as_it_is, unstructured, at_random, made_permanent, by_channel)


def outputs(module: nn.Module) -> Tensor:
    with torch.no_grad():
        return module(IMAGES.to(next(module.parameters()).dtype))


def evaluate(module: nn.Module) -> dict[str, float]:
    """What an owner might ask: how often three labels are met."""
    scores, labels = outputs(module), torch.arange(24) % 3
    return {
        "accuracy": float((scores.argmax(1) == labels).float().mean()),
        "loss": float(functional.cross_entropy(scores, labels)),
    }


def bits(module: nn.Module) -> dict[str, bytes]:
    """All that a module holds, down to the bits."""
    held = dict(module.state_dict())
    held |= {  # what pruning computes is in no state
        f"{name}.{what}": vars(one)[what]
        for name, one in module.named_modules()
        for what in ("weight", "bias")
        if isinstance(vars(one).get(what), Tensor)
    }
    flat = {name: value.detach().reshape(-1) for name, value in held.items()}
    return {name: one.view(torch.uint8).numpy().tobytes() for name, one in flat.items()}


def held(graph) -> list[tuple[int, int, float]]:
    """The links of a graph, in any order."""
    return sorted(zip(*(one.tolist() for one in links(graph)), strict=True))


def drawn(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)
