"""The command, and the options that several of its verbs share.

A verb names a bundle of options as one parameter; `bundled` spreads it out for the
parser.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import wraps
from inspect import Parameter, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, cast, get_type_hints

import typer

from netrobust.cli.words import AS_WHOLE
from netrobust.core.errors import InputError, shown
from netrobust.core.own_functions import own, short
from netrobust.experiments.options import OPTIONS, Options

if TYPE_CHECKING:  # a verb imports what it needs when it runs
    from concurrent.futures import Executor

    from netrobust.data.dataset import Dataset
    from netrobust.neural.network import Network
    from netrobust.parallel.shard import Shard

Verb = TypeVar("Verb", bound=Callable[..., Any])

app = typer.Typer(
    help="Network science of sparse neural networks.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"netrobust {version('netrobust')}")
        raise typer.Exit


@app.callback()
def start(
    names: Annotated[
        list[str] | None,
        typer.Option(
            "--own", help="Code of your own, which files name: mine.py:function."
        ),
    ] = None,
    version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_version, help="Tell it, and end."
        ),
    ] = False,
) -> None:
    """Network science of sparse neural networks."""
    for name in names or ():
        own(name)


RunPath = Annotated[Path, typer.Argument(help="A run folder, or a network in one.")]
Out = Annotated[Path, typer.Option(help="Folder to write to.", file_okay=False)]
DataDir = Annotated[
    Path | None, typer.Option(help="Folder with the data files, looked at first.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
DryRun = Annotated[bool, typer.Option(help="Say what would be done; do nothing.")]
Seed = Annotated[int, typer.Option(help="Seed of the random draws.", **AS_WHOLE)]
Jobs = Annotated[
    int,
    typer.Option(
        "--jobs", "-j", help="Processes; results do not depend on it.", **AS_WHOLE
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option(help="Dask: tcp://host:port, or local for --jobs workers here."),
]
Share = Annotated[
    str | None, typer.Option("--shard", help="Do one share of the units, such as 2/4.")
]
Images = Annotated[
    int | None, typer.Option(help="Score the first so many images.", **AS_WHOLE)
]
Measures = Annotated[
    list[str] | None, typer.Option("--measure", help="Repeat for several.")
]
Nulls = Annotated[
    list[str] | None, typer.Option("--null-model", help="Repeat for several.")
]
Replicates = Annotated[int, typer.Option(help="Random draws of each kind.", **AS_WHOLE)]
OwnData = Annotated[
    list[str] | None,
    typer.Option(
        "--dataset", help="Data to learn, or learnt; your own: my_data.py:load."
    ),
]
TableName = Annotated[
    str | None, typer.Option("--name", help="Name of the table written.")
]
PrintConfig = Annotated[
    bool, typer.Option(help="Print all settings as a TOML file; do nothing.")
]
Config = Annotated[Path | None, typer.Option(help="Settings in a TOML file.")]


@dataclass(frozen=True)
class Draws:
    """What is drawn how often, and scored on how much."""

    replicates: Replicates = 1
    seed: Seed = 0
    images: Images = None


@dataclass(frozen=True)
class How:
    """Where a verb works and what it shows: options that change no row."""

    jobs: Jobs = 1
    scheduler: Scheduler = None
    shard: Share = None
    data_dir: DataDir = None
    datasets: OwnData = None
    dry_run: DryRun = False
    quiet: Quiet = False
    as_json: AsJson = False

    def grouped(
        self, networks: "Sequence[Network]"
    ) -> "list[tuple[list[Network], Dataset]]":
        """Give networks together with the data set they learnt.

        Raises
        ------
        InputError
            They learnt data of the user's own, whose loader is not named.
        """
        from netrobust.data.load import DATASETS, load

        given = {short(name): name for name in self.datasets or ()}
        names = sorted({network.dataset for network in networks})
        if strange := sorted({*given} - {*names}):
            raise InputError(
                f"--dataset names {', '.join(map(shown, strange))}, which no network "
                f"here learnt; they learnt {', '.join(names)}"
            )
        for name in names:
            if name not in given and name not in DATASETS:
                raise InputError(
                    f"networks learnt {name!r}, which is no data set of netrobust; "
                    f"name the function that loads it, --dataset FILE.py:{name}"
                )
        return [
            (
                [one for one in networks if one.dataset == name],
                load(given.get(name, name), self.data_dir),
            )
            for name in names
        ]

    def share(self) -> "Shard | None":
        """Read the shard, and refuse a malformed scheduler before any work."""
        from netrobust.core.settings import MOST_JOBS, whole
        from netrobust.parallel.dask_cluster import check_scheduler
        from netrobust.parallel.shard import Shard

        whole("jobs", self.jobs, 1, MOST_JOBS)
        if self.scheduler is not None:
            check_scheduler(self.scheduler)
        return None if self.shard is None else Shard.parse(self.shard)

    @contextmanager
    def executor(self) -> "Iterator[Executor | None]":
        """Give the executor of the scheduler; None for processes of our own."""
        from netrobust.parallel.dask_cluster import scheduler

        if self.scheduler is None:
            yield None
            return
        with scheduler(self.scheduler, self.jobs) as found:
            yield found


def bundled(**defaults: Any) -> Callable[[Verb], Verb]:
    """Make each option in the bundles of a verb an option of the command line.

    A bundle is a parameter annotated as `Draws`, `How`, or the `Options` of a sweep.
    What is given here are defaults of this verb, by the names of options.
    """

    def spread_out(verb: Verb) -> Verb:
        known = signature(verb, eval_str=True).parameters
        spread = {name: _spread(one, defaults) for name, one in known.items()}

        @wraps(verb)
        def command(**given: Any) -> Any:
            arguments = {}
            for name, options in spread.items():
                kind = known[name].annotation
                taken = {one.name: given[one.name] for one in options}
                arguments[name] = kind(**taken) if _is_bundle(kind) else taken[name]
            return verb(**arguments)

        shown = [option for options in spread.values() for option in options]
        new: Any = command
        new.__signature__ = signature(verb).replace(parameters=shown)
        new.__annotations__ = {one.name: one.annotation for one in shown}
        return cast(Verb, new)

    return spread_out


def _is_bundle(kind: Any) -> bool:
    return kind is Options or (isinstance(kind, type) and issubclass(kind, Draws | How))


def _spread(one: Parameter, defaults: Mapping[str, Any]) -> list[Parameter]:
    """Give the options of a bundle; what is none is its only option."""
    kind = one.annotation
    if not _is_bundle(kind):
        return [one.replace(kind=Parameter.KEYWORD_ONLY)]
    found: dict[str, tuple[Any, Any]]
    if kind is Options:
        found = {
            name: (Annotated[option.kind, _option(name, option)], option.default)
            for name, option in OPTIONS.items()
        }  # fmt: skip
    else:
        hints = get_type_hints(kind, include_extras=True)
        found = {
            field.name: (hints[field.name], field.default) for field in fields(kind)
        }
    return [
        Parameter(
            name, Parameter.KEYWORD_ONLY, annotation=hint,
            default=defaults.get(name, default),
        )
        for name, (hint, default) in found.items()
    ]  # fmt: skip


def _option(name: str, option: Any) -> Any:
    read = AS_WHOLE if option.kind is int else {}
    return typer.Option(_flag(name), help=option.brief, **read)


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"
