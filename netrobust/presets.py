"""Studies by name, and changes to them."""

from dataclasses import asdict
from typing import Any

from netrobust.study import Study


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

#: Studies by name.
PRESETS = {
    "quick": Study(
        name="quick",
        training={"epochs": 10},
        reference_epochs=2,
        # The strongest links do their harm below 0.1.
        fractions=(0, 0.01, 0.02, 0.03, 0.05, *(step / 10 for step in range(1, 11))),
        replicates=3,
        null_replicates=5,
        fallback="mnist-5k",
    ),
    "paper": Study(
        name="paper",
        sparsifiers=(*_EVERY, *_DENSE),
        networks=10,
        training={"epochs": 100},
        reference_epochs=100,
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
    # All methods side by side on the default network.
    "methods": Study(
        name="methods",
        sparsifiers=(*_EVERY, *_DENSE),
        networks=3,
        training={"epochs": 25},
        damage=False,
    ),
}
