"""What breaks: perturbations of links, neurons, pixels and weights.

A perturbation says what is damaged, without building anything: ``(graph, rng, fraction,
scope) -> Damage``; `apply` builds the damaged graph. All but the greedy ones are nested
in the fraction for a fixed seed, and ``curve`` gives many fractions at once.

An order says who goes first: ``(graph, rng) -> link ids``. A removal is an order cut at
a fraction, so one order gives a whole curve. ``scope`` says where: ``per_layer`` takes
the same fraction from every layer, ``global`` ranks the links of all layers together,
``layer_2`` touches only the links into depth 2.

Members may have options, given as text or by name::

    PERTURBATIONS["random_links(rescale=weights)"]
    PERTURBATIONS["random_links"].vary(rescale="weights")

A new perturbation is one function::

    @removal
    def heaviest_source(graph, rng):
        "Remove links in falling order of their source's number of links."
        links = Links.of(graph)
        degree = np.bincount(links.source)
        return np.argsort(-degree[links.source], kind="stable")

The function stays what it is, the order; ``PERTURBATIONS["heaviest_source"]`` is the
perturbation, and `percolate` takes its name or the function. `neuron_removal`,
`reweighting` and `greedy` do the same for neurons and pixels, for weights, and for
attacks that ask the network. What a member needs it declares, as in `Traits`:
``@removal(signed=True)`` is refused where no weight is negative. The members that this
package names, such as `random_links`, are perturbations.
"""

from netrobust.graphs.damage import Damage, Links, apply, removed_fraction
from netrobust.graphs.perturb import (  # noqa: F401  (each registers its members)
    adaptive,
    links,
    neurons,
    weights,
)
from netrobust.graphs.perturb.adaptive import Greedy, greedy
from netrobust.graphs.perturb.base import (
    ORDERS,
    PERTURBATIONS,
    Perturbation,
    Traits,
)
from netrobust.graphs.perturb.remove import (
    NeuronRemoval,
    Removal,
    neuron_removal,
    removal,
)
from netrobust.graphs.perturb.reweight import (
    Reweighting,
    reweighting,
)

#: The best known perturbations, by name.
random_links = PERTURBATIONS["random_links"]
strongest_links = PERTURBATIONS["strongest_links"]
weakest_links = PERTURBATIONS["weakest_links"]

__all__ = [
    "ORDERS",
    "PERTURBATIONS",
    "Damage",
    "Greedy",
    "Links",
    "NeuronRemoval",
    "Perturbation",
    "Removal",
    "Reweighting",
    "Traits",
    "apply",
    "greedy",
    "neuron_removal",
    "random_links",
    "removal",
    "removed_fraction",
    "reweighting",
    "strongest_links",
    "weakest_links",
]
