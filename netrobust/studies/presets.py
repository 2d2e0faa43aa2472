"""Studies by name, and changes to them."""

from dataclasses import asdict
from typing import Any

from netrobust.graphs.null import NULL_MODELS
from netrobust.studies.study import Study


def changed(study: Study, fields: dict[str, Any]) -> Study:
    """Replace fields of a study, those of `training` one by one.

    The result is called "custom" unless the fields name it.

    Examples
    --------
    >>> faster = changed(PRESETS["quick"], {"training": {"batch_size": 128}})
    >>> faster.name, faster.training
    ('custom', {'epochs': 10, 'batch_size': 128})
    """
    training = fields.get("training", {})
    if isinstance(training, dict):
        training = {**study.training, **training}
    named = {"name": "custom", **fields, "training": training}
    return Study(**{**asdict(study), **named})


_EVERY = (
    "static",
    "set",
    "rigl",
    "mest",
    "mest(em_s=True)",
    "deep_r",
    "cht",
    "chts",
    "chts(removal=RI)",
)
_DENSE = "dense_small", "dense_narrow"

_PAPER = (
    "static",
    "set",
    "rigl(cht_benchmark)",  # once an epoch, as the others
    "mest(epochs=1,gradient_share=0.01)",  # the benchmark's, at an equal budget
    "cht",
    "chts(removal=RI)",
    "static@correlated",
    "set@correlated",
    "chts(removal=RI)@erdos_renyi",
    *_DENSE,
)

# The strongest links do their harm below 0.1.
_FINE = (0, 0.01, 0.02, 0.03, 0.05, *(step / 10 for step in range(1, 11)))

# Where curves bend: half of the skill can go with less than 1% of the strongest links,
# and the structure falls apart above 0.9.
_BENDS = (
    *(0, 0.001, 0.002, 0.003, 0.005, 0.007, 0.01, 0.015, 0.02, 0.03, 0.05, 0.07),
    *(0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9),
    *(0.92, 0.93, 0.94, 0.95, 0.96, 0.98, 1),
)
_TENTHS = tuple(step / 10 for step in range(11))

_LINKS = (
    "random_links",
    "strongest_links",
    "weakest_links",
    "strongest_positive_links",
    "strongest_negative_links",
    "links_by_betweenness",
    "links_by_betweenness(recompute=True)",
    "links_by_degree_product",
    "links_by_path_count",
    "links_by_saliency",
    "greedy_links",
)
_NEURONS = (
    "random_neurons",
    "neurons_by_degree",
    "neurons_by_strength",
    "neurons_by_betweenness",
    "neurons_by_activation",
)
# All that need no extra package.
_NULLS = tuple(one for one in NULL_MODELS if one not in ("none", "maximum_entropy"))
_PIXELS = (
    "random_pixels",
    "pixels_by_degree",
    "pixels_by_strength",
    "pixels_by_betweenness",
    "pixels_by_activation",
)

#: Studies by name.
PRESETS = {
    "quick": Study(
        name="quick",
        sparsifiers=("static", "set", "dense_small"),
        training={"epochs": 10},
        reference_epochs=2,
        fractions=_FINE,
        replicates=3,
        null_replicates=5,
        fallback="mnist-5k",
    ),
    # The claims of arXiv:2602.21961. What adaptation does is told from what the start
    # does by the control methods, which cross starts and rules.
    "paper": Study(
        name="paper",
        sparsifiers=_PAPER,
        networks=10,
        more_networks={"static": 35, "set": 35},  # power 0.8 at d = 0.5
        training={"epochs": 100},
        snapshots=(0, 0.01, 0.03, 0.1, 0.3, 1),
        reference_epochs=100,
        reference_networks=3,
        measures=("giant_component", "reach", "paths"),
        perturbations=("random_links",),
        curve_null_models=("none",),
        fractions=_BENDS,
        replicates=20,  # orders, which differ three times as much as networks do
        curves={
            "targeted": {
                "perturbations": (
                    "strongest_links",
                    "weakest_links",
                    "links_by_saliency",
                    "links_by_degree_product",
                    "links_by_path_count",
                    "links_by_betweenness",
                    "greedy_links",
                ),
                "replicates": 1,
            },
            "head": {
                "perturbations": ("random_links",),
                "scope": "per_layer+head",
                "replicates": 10,
            },
            "neurons": {
                "perturbations": ("random_neurons", "random_pixels"),
                "fractions": _TENTHS,
            },
            "shuffles": {
                "perturbations": ("shuffled_weights", "shuffled_weights_by_sign"),
                "fractions": (0, 0.01, 0.03, *_TENTHS[1:]),
                "replicates": 10,
            },
            "training": {
                "perturbations": ("random_links", "strongest_links"),
                "snapshots": (0, 0.01, 0.03, 0.1, 0.3, 1),
                "fractions": (0, 0.003, 0.01, 0.03, *_TENTHS[1:]),
                "replicates": 5,
            },
        },
        null_models=_NULLS,
        null_replicates=10,
        retrained=("degree_preserving",),
        retrained_networks=5,
        input_attacks=(
            "fgsm",
            "pgd(restarts=2,steps=100)",
            "gaussian_noise",
            "occlusion",
        ),
        eps=(0, 0.02, 0.05, 0.1, 0.2),
        attack_images=500,
        theory=True,
        recovery=(0.5, 0.8),
        recovery_epochs=3,
    ),
    # The networks of the published accuracies, Zhang et al. 2025 (arXiv:2501.19107).
    "accuracy": Study(
        name="accuracy",
        sparsifiers=(
            "set(cht_benchmark)",
            "rigl(cht_benchmark)",
            "cht",
            "chts",
            "chts(removal=RI)",
        ),
        networks=3,
        training={"hidden": (1568, 1568, 1568), "epochs": 100, "batch_size": 32},
        damage=False,
    ),
    # The whole damage suite on quick networks, ten of each method.
    "robustness": Study(
        name="robustness",
        sparsifiers=("static", "set", "rigl", "chts(removal=RI)", "dense_narrow"),
        networks=10,
        training={"epochs": 10},
        perturbations=(*_LINKS, *_NEURONS, *_PIXELS),
        measures=("giant_component", "reach", "paths"),
        curve_null_models=("none",),
        fractions=_FINE,
        replicates=1,
        null_models=_NULLS,
        null_replicates=3,
        retrained=("degree_preserving",),
        input_attacks=("fgsm", "pgd", "gaussian_noise"),
        theory=True,
        recovery=(0.8,),
        recovery_epochs=3,
    ),
    # All methods side by side on the default network.
    "methods": Study(
        name="methods",
        sparsifiers=(*_EVERY, *_DENSE),
        networks=3,
        training={"epochs": 25},
        damage=False,
    ),
}
