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
    random_links.vary(rescale="weights")

A new perturbation is one function::

    @removal
    def heaviest_source(graph, rng):
        "Remove links in falling order of their source's number of links."
        links = Links.of(graph)
        degree = np.bincount(links.source)
        return np.argsort(-degree[links.source], kind="stable")

It is then found as ``ORDERS["heaviest_source"]`` and
``PERTURBATIONS["heaviest_source"]``, and the name itself is the perturbation:
``heaviest_source(graph, rng, 0.5)``. `neuron_removal`, `reweighting` and `greedy` do
the same for neurons and pixels, for weights, and for attacks that ask the network.
"""

from netrobust.graphs.damage import Damage, Links, apply, removed_fraction
from netrobust.graphs.perturb.adaptive import (
    Greedy,
    greedy,
    greedy_links,
)
from netrobust.graphs.perturb.base import (
    ORDERS,
    PERTURBATIONS,
    Perturbation,
)
from netrobust.graphs.perturb.links import (
    links_by_betweenness,
    links_by_degree_product,
    links_by_path_count,
    links_by_saliency,
    random_links,
    strongest_links,
    strongest_negative_links,
    strongest_positive_links,
    weakest_links,
)
from netrobust.graphs.perturb.neurons import (
    neurons_by_activation,
    neurons_by_betweenness,
    neurons_by_degree,
    neurons_by_strength,
    pixels_by_activation,
    pixels_by_betweenness,
    pixels_by_degree,
    pixels_by_strength,
    random_neurons,
    random_pixels,
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
from netrobust.graphs.perturb.weights import (
    binarised,
    gaussian_noise,
    quantised,
    random_sign_flips,
    shuffled_weights,
    uniform_noise,
    weakest_sign_flips,
)

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
    "apply",
    "binarised",
    "gaussian_noise",
    "greedy",
    "greedy_links",
    "links_by_betweenness",
    "links_by_degree_product",
    "links_by_path_count",
    "links_by_saliency",
    "neuron_removal",
    "neurons_by_activation",
    "neurons_by_betweenness",
    "neurons_by_degree",
    "neurons_by_strength",
    "pixels_by_activation",
    "pixels_by_betweenness",
    "pixels_by_degree",
    "pixels_by_strength",
    "quantised",
    "random_links",
    "random_neurons",
    "random_pixels",
    "random_sign_flips",
    "removal",
    "removed_fraction",
    "reweighting",
    "shuffled_weights",
    "strongest_links",
    "strongest_negative_links",
    "strongest_positive_links",
    "uniform_noise",
    "weakest_links",
    "weakest_sign_flips",
]
