"""The report of runs: one HTML page that needs no other file and no network."""

import base64
import json
import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from jinja2 import Environment

from netrobust.convert.network import to_graph
from netrobust.core.atomic_files import replacing
from netrobust.core.errors import InputError
from netrobust.figures import draw
from netrobust.figures.layout import svg
from netrobust.graphs.damage import Links
from netrobust.graphs.graph import layers
from netrobust.neural.config import TrainConfig
from netrobust.neural.network import load_network
from netrobust.runs.folder import Run
from netrobust.runs.manifest import plain, read_manifest
from netrobust.stats.summary import robustness, summarise
from netrobust.studies.gallery import Drawn, drawable, drawn, in_grid
from netrobust.studies.presets import PRESETS

REPORT = "report.html"
_TIMED = re.compile(r"(?P<day>\S+ \S+) (?P<stage>.+): (?P<seconds>[\d.]+) s")

BIBTEX = """@article{sulyok2026robustness,
  author = {Sulyok and Palla and Radicchi and Fortunato},
  title = {{Robustness in sparse artificial neural networks trained with adaptive
           topology}},
  journal = {arXiv:2602.21961},
  year = {2026},
  doi = {10.48550/arXiv.2602.21961},
}
"""


class _Cell(NamedTuple):
    text: str
    value: str  # by which it is sorted
    number: bool


class _Grid(NamedTuple):
    heads: list[str]
    rows: list[list[_Cell]]


def report(
    runs: Run | Sequence[Run], out: str | os.PathLike[str] | None = None
) -> Path:
    """Write one HTML page about runs: figures, tables, statistics, settings, cost.

    It opens from disk and holds all it shows, an interactive view of a trained layer
    included. Several runs are compared.

    Parameters
    ----------
    runs : Run or sequence of Run
    out : path-like, optional
        The file; ``report.html`` in the folder of the first run if not given.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InputError
        There is no run, or one is a single network of a run, or damaged.
    """
    shown = [runs] if isinstance(runs, Run) else list(runs)
    if not shown:
        raise InputError("a report needs a run; got none")
    for run in shown:
        if run.only:
            raise InputError(
                f"a report shows whole runs; give {run.path}, not one network in it"
            )
    path = Path(out) if out is not None else shown[0].path / REPORT
    with draw.style():
        figures = [drawn(run, drawable(run)) for run in shown]
        return write_report(shown, figures, path)


def write_report(
    runs: Sequence[Run], figures: Sequence[Sequence[Drawn]], path: Path
) -> Path:
    """Write the report of runs, each with its figures as they are drawn."""
    page = _page([*map(in_grid, runs)], figures)
    try:
        with replacing(path) as part:
            part.write_text(page, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error}); give another") from None
    return path


def _page(runs: Sequence[Run], figures: Sequence[Sequence[Drawn]]) -> str:
    from netrobust.figures import interactive  # loads Bokeh, which runs do not need

    views: dict[str, Any] = {}
    facts = [
        _facts(run, number, views) | {"figures": [*map(_figure, shown)]}
        for number, (run, shown) in enumerate(zip(runs, figures, strict=True), 1)
    ]
    script, places = interactive.embedded(views) if views else ("", {})
    for one in facts:
        one["views"] = [places[name] for name in one["views"]]
    template = Path(__file__).with_name("report.html").read_text("utf-8")
    # Nothing that comes from a run folder is markup.
    page = Environment(autoescape=True).from_string(template)
    names = ", ".join(one["name"] for one in facts)
    return page.render(
        title=f"netrobust report: {names}",
        version=facts[0]["version"],
        scripts=interactive.scripts() if views else "",
        script=script,
        runs=facts,
        bibtex=BIBTEX,
        **(_comparison(runs, facts) if len(runs) > 1 else {}),
    )


def _facts(run: Run, number: int, views: dict[str, Any]) -> dict[str, Any]:
    """Gather what the page says about one run; its views go where all are drawn."""
    manifest = read_manifest(run.path)
    about = _made_with(run)
    there = {*run.tables()}
    found = _statistics(run) if "summary" in there else None
    network, own = _views(run)
    views |= {f"run-{number}-{name}": view for name, view in own.items()}
    config = about.get("config")
    return {
        "name": run.path.name or str(run.path),
        "number": number,
        "version": manifest["versions"].get("netrobust", ""),
        "summary": _grid(run.table("summary")) if "summary" in there else None,
        "statistics": None if found is None else _grid(found),
        "network": network,
        "views": [f"run-{number}-{name}" for name in own],
        **about,
        "config_link": _data(str(config).encode(), "text/plain") if config else "",
        "cost": _cost(run),
        "settings": _pairs(_flat(manifest["settings"]), ("setting", "value")),
        "versions": _pairs(
            {**manifest["versions"], **{f"data: {name}, sha256": digest
             for name, digest in manifest["data_sha256"].items()}}, ("what", "value"),
        ),
    }  # fmt: skip


def _figure(one: Drawn) -> dict[str, str]:
    claim, _, caption = (one.module.__doc__ or "").partition("\n\n")
    text = caption.replace("`", "")
    return {
        "name": one.name,
        "title": one.name.replace("_", " "),
        "claim": " ".join(claim.split()),
        "caption": "\n".join(" ".join(one.split()) for one in text.split("\n\n")),
        "svg": _data(svg(one.figure), "image/svg+xml"),
        "csv": _data(one.table.to_csv(index=False).encode(), "text/csv"),
    }


def _views(run: Run) -> tuple[str, dict[str, Any]]:
    """Draw the layers of the first sparse network, and its pixels."""
    from netrobust.figures import interactive

    tables = run.tables()
    for path in run.network_files():
        network = load_network(path)
        if not network.finished or network.config.sparsifier.startswith("dense"):
            continue
        sparse = [*map(Links.of, layers(to_graph(network.model)))]
        damage = pd.DataFrame({"perturbation": [], "fraction": []})
        if "percolation" in tables:
            table = run.table("percolation")
            own = (table["network"] == network.name) & (table["null_model"] == "none")
            damage = table[own]
        found = {"layers": interactive.layers_view(sparse, damage)}
        with suppress(InputError):  # images that are no squares have no map
            found["pixels"] = interactive.pixel_view(sparse[0])
        return network.name, found
    return "", {}


def _statistics(run: Run) -> pd.DataFrame:
    """Average accuracy, and robustness if there, over networks."""
    by = ["dataset", "sparsifier"]
    parts = [summarise(run.table("summary"), "accuracy", by)]
    if "percolation" in run.tables():
        table = run.table("percolation").query("null_model == 'none'")
        areas = robustness(table).dropna(subset=["robustness"])
        if len(areas):
            parts.append(summarise(areas, "robustness", [*by, "perturbation"]))
    found = pd.concat(parts, ignore_index=True)
    if "perturbation" in found:
        found.insert(2, "perturbation", found.pop("perturbation").fillna(""))
    return found


def _made_with(run: Run) -> dict[str, str]:
    """Give the command that makes such a run, and the configuration it reads."""
    settings, out = run.settings, f"--out {run.path.name}"
    for name, study in PRESETS.items():
        if plain(asdict(study)) == settings:
            return {"command": f"netrobust reproduce --preset {name} {out}"}
    if {*settings} >= {"train", "dataset", "seed"}:
        usual = plain(asdict(TrainConfig()))
        verb = f"train --dataset {settings['dataset']} --seed {settings['seed']}"
        own = settings["train"]
    elif "datasets" in settings:
        usual, verb = plain(asdict(PRESETS["quick"])), "reproduce"
        own = settings
    else:
        return {"command": "unknown"}
    changed = {key: one for key, one in own.items() if one != usual.get(key)}
    return {
        "command": f"netrobust {verb} --config config.toml {out}",
        "config": "".join(f"{key} = {_toml(one)}\n" for key, one in changed.items()
                          if one is not None),
    }  # fmt: skip


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        rows = (
            f"{json.dumps(k)} = {_toml(v)}" for k, v in value.items() if v is not None
        )
        return "{" + ", ".join(rows) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value)


def _cost(run: Run) -> _Grid | None:
    log = run.path / "log"
    lines = (
        log.read_text("utf-8", errors="replace").splitlines() if log.is_file() else []
    )
    found = [match.groupdict() for line in lines if (match := _TIMED.fullmatch(line))]
    if not found:
        return None
    table = pd.DataFrame(found).astype({"seconds": float})
    return _grid(table[["stage", "seconds", "day"]].rename(columns={"day": "ended"}))


def _comparison(runs: Sequence[Run], facts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Set settings that differ, and statistics, of several runs side by side."""
    names = [f"{one['number']}: {one['name']}" for one in facts]
    settings = pd.DataFrame(
        {name: _flat(run.settings) for name, run in zip(names, runs, strict=True)}
    ).fillna("")
    changed = settings[settings.nunique(axis=1) > 1]
    heads = changed.rename_axis("setting").reset_index()
    parts = [
        _statistics(run).assign(run=name)
        for name, run in zip(names, runs, strict=True)
        if "summary" in run.tables()
    ]
    table = pd.concat(parts, ignore_index=True) if parts else None
    if table is not None:
        table.insert(0, "run", table.pop("run"))
    return {
        "differences": _grid(heads),
        "compared": None if table is None else _grid(table),
    }


def _flat(settings: Any, prefix: str = "") -> dict[str, str]:
    if isinstance(settings, Mapping) and settings:
        parts = (_flat(one, f"{prefix}{key}.") for key, one in settings.items())
        return {key: text for part in parts for key, text in part.items()}
    return {prefix.rstrip("."): json.dumps(settings)}


def _pairs(facts: Mapping[str, str], heads: tuple[str, str]) -> _Grid:
    return _grid(pd.DataFrame(list(facts.items()), columns=list(heads)))


def _grid(table: pd.DataFrame) -> _Grid:
    rows = table.itertuples(index=False, name=None)
    return _Grid([str(one) for one in table], [[*map(_cell, row)] for row in rows])


def _cell(value: Any) -> _Cell:
    if isinstance(value, str):
        return _Cell(value, value, False)
    if pd.isna(value):
        return _Cell("", "", True)
    number = float(value)
    text = f"{int(number)}" if number.is_integer() else f"{number:.4g}"
    return _Cell(text, repr(number), True)


def _data(content: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
