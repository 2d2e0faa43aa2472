"""Tutorial: analyse your own pruned model.

Two networks that netrobust never trained, a perceptron and a small convolutional net of
plain torch, pruned with `torch.nn.utils.prune`. Their layers become weighted bipartite
graphs, the graphs are damaged and randomised, and your own function scores what is
left. It runs in some seconds and leaves its figure in the folder ``your_own_model``::

    python -m netrobust.analyses.your_own_model
"""

# %% A perceptron of plain torch
# Any `torch.nn.Module` will do. This one learns 4,000 digits, loses the weakest 90% of
# its weights, and learns on with the mask that is left.

import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import prune

import netrobust as nr

data = nr.load("mnist-5k")


def images(x: object) -> Tensor:
    """Give images as a module of torch wants them: (images, 1, 28, 28)."""
    return (torch.as_tensor(x).reshape(-1, 1, 28, 28) - data.mean) / data.std


x_train, y_train = images(data.x_train), torch.as_tensor(data.y_train)
x_test, y_test = images(data.x_test), torch.as_tensor(data.y_test)


def learn(module: nn.Module, epochs: int) -> None:
    """Train on mini-batches with Adam."""
    optimiser = torch.optim.Adam(module.parameters(), 2e-3)
    module.train()
    for _ in range(epochs):
        for batch in torch.randperm(len(x_train)).split(100):
            optimiser.zero_grad()
            functional.cross_entropy(module(x_train[batch]), y_train[batch]).backward()
            optimiser.step()
    module.eval()


def evaluate(module: nn.Module) -> dict[str, float]:
    """Score a module: whatever numbers you want to follow, under your own names."""
    with torch.no_grad():
        answer = module(x_test)
    return {
        "accuracy": float((answer.argmax(1) == y_test).float().mean()),
        "loss": float(functional.cross_entropy(answer, y_test)),
    }


torch.manual_seed(0)
perceptron = nn.Sequential(
    nn.Flatten(),
    nn.Linear(784, 100),
    nn.ReLU(),
    nn.Linear(100, 100),
    nn.ReLU(),
    nn.Linear(100, 10),
)
learn(perceptron, epochs=3)
for layer in (perceptron[1], perceptron[3]):
    prune.l1_unstructured(layer, "weight", amount=0.9)
learn(perceptron, epochs=2)
print(evaluate(perceptron))

# %% Its layers are graphs
# One bipartite graph per linear layer, in which a link is a weight that the mask
# leaves. Where the layers chain, `stack` joins them to one graph, of which paths, reach
# and the giant component make sense.

layers = nr.to_layers(perceptron)
print([(layer["name"], nr.sizes(layer), layer.ecount()) for layer in layers])

# %% Do hubs arise?
# The dispersion is the variance of the degrees over its value in a random layer: 1 is
# random, and pruning by weight leaves hubs where the pixels tell most. The last layer
# is complete, so that its degrees do not vary. The threshold is the share of links
# removed at which the giant component goes: of this very graph, and of random ones that
# have its degrees.

graph = nr.stack(layers)
names = ["links", "max_out_degree", "out_degree_dispersion", "in_degree_dispersion"]
print(nr.measure(graph, names).round(2).to_string(index=False, na_rep="-"))
print("thresholds in the share of links removed:")
print(f"  its own graph  {1 - nr.theory.nonbacktracking_threshold(graph):.3f}")
print(f"  same degrees   {1 - nr.theory.cm_stack_threshold(graph):.3f}")

# %% Damage it, and score it yourself
# `percolate_module` removes links of all layers and loads what is left into a copy of
# the module, which `evaluate` scores. The table is that of `percolate`, so that every
# statistic and figure of netrobust takes it. `percolate(module, evaluate=...)` is the
# same with fewer options.

fractions = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]
damage = nr.percolate_module(
    perceptron,
    evaluate,
    ["random_links", "strongest_links", "weakest_links"],
    fractions,
    replicates=3,
    name="perceptron",
    dataset="mnist-5k",
)
halves = nr.gap(damage)[["perturbation", "f50_function", "f50_structure", "gap"]]
print(halves.round(2).to_string(index=False))

# %% Null models
# At fraction 0 nothing is damaged and the null model alone is scored: here the weights
# dealt out anew, anew within their sign, and the links rewired with all degrees kept.

nulls = nr.percolate_module(
    perceptron,
    evaluate,
    fractions=[0],
    replicates=3,
    null_models=["none", "shuffle_all", "shuffle_by_sign", "degree_preserving"],
    name="perceptron",
    dataset="mnist-5k",
)
print(nulls.groupby("null_model", sort=False)[["accuracy", "moved"]].mean().round(3))

# %% Convolutions
# A convolution is a graph between its channels: a link is a slice of the kernel, its
# weight the norm of that. Removal zeroes the slice, rewiring moves it as a whole. What
# has no meaning for slices, such as the sign of a link, is refused in one sentence;
# with ``links="weights"`` every number of a kernel is a link of its own. Which layer
# feeds which is read off a forward pass, so give an input as ``example``. As an image
# is flattened in between, the layers of this net do not chain, so measures of a whole
# network have no value here and are left out. The column ``reached`` says which share
# of all weights the damaged layers hold.

convolutional = nn.Sequential(
    nn.Conv2d(1, 12, 5, stride=2),
    nn.BatchNorm2d(12),
    nn.ReLU(),
    nn.Conv2d(12, 24, 5, stride=2),
    nn.BatchNorm2d(24),
    nn.ReLU(),
    nn.Flatten(),
    nn.Linear(384, 10),
)
learn(convolutional, epochs=2)
prune.ln_structured(convolutional[3], "weight", amount=0.25, n=2, dim=0)
prune.l1_unstructured(convolutional[7], "weight", amount=0.5)
learn(convolutional, epochs=1)
for layer in nr.to_layers(convolutional, example=x_test[:1]):
    print(layer["name"], nr.sizes(layer), layer.ecount(), "links")

channels = nr.percolate_module(
    convolutional,
    evaluate,
    ["random_links", "strongest_links", "weakest_links"],
    fractions,
    replicates=3,
    layers=["3"],
    name="convolutional",
    dataset="mnist-5k",
)
print("weights in reach:", channels.reached.unique().round(3))
print(nr.robustness(channels)[["perturbation", "f50", "f95"]].round(2).to_string())

# %% One by hand, and the way back
# All of this is made of three steps that you can take yourself: export, change a graph,
# load it into a copy. A module whose layers are as they were computes bitwise the same.

first, *others = nr.to_layers(perceptron)
hubs = first.copy()
degree = first.outdegree()
hubs.delete_edges([link for link in hubs.es if degree[link.source] > 30])
print("links of the busiest pixels:", first.ecount() - hubs.ecount())
print("without them:", evaluate(nr.to_module([hubs, *others], like=perceptron)))

unchanged = nr.to_module([first, *others], like=perceptron)
print("unchanged, bit for bit:", torch.equal(unchanged(x_test), perceptron(x_test)))

# %% The figure

curves = [
    nr.summarise(table, "accuracy", by=["network", "perturbation", "fraction"])
    for table in (damage, channels)
]
titles = ["perceptron, all layers", "second convolution, slices"]
with nr.draw.style():
    figure, axes = nr.draw.panels(1, 2, nr.draw.DOUBLE, sharey=True)
    for ax, curve, title in zip(axes[0], curves, titles, strict=True):
        nr.draw.curve(curve, "fraction", ax, hue="perturbation", chance=0.1)
        ax.set_title(title)
    nr.draw.panel_letters(axes)
    nr.draw.legend(figure, title="one network each, mean of 3 draws")
    nr.draw.save(figure, pd.concat(curves), "your_own_model", "damage")

# %% Without the module
# `state_layers` reads a state dict, `read_layers` a file: ``.safetensors``, ``.pt``,
# ``.ckpt`` (never unpickled), ``.npz``, ``.mat``, ``.onnx``. What they give can be
# measured, damaged and randomised, but not scored, since nobody knows what the network
# computes; `percolate` and `compare` take such graphs without `evaluate`, as the
# tutorial ``your_own_graph`` shows.
