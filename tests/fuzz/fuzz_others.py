"""The readers whose parser is not ours, and whom a guard keeps in a child process.

Packages that only some of them need are loaded there: a process tries one reader.
"""

import gzip
from functools import partial
from pathlib import Path
from typing import Any

import mutations as by
import numpy as np
from fuzzed import Reader, are_layers, graphs, is_graph, written

from netrobust.core.errors import InputError
from netrobust.core.messages import pack, unpack
from netrobust.data.archive import member, parse_member
from netrobust.graphs import files
from netrobust.graphs.graph import check, read


def read_graphml(path: Path) -> Any:
    return check(files.rebuilt(unpack(pack(files.parse_graphml(path)))))


def tables() -> list[bytes]:
    import pandas as pd

    rows = range(30)
    one = pd.DataFrame(
        {
            "network": [f"n{k % 3}" for k in rows],
            "fraction": [k / 30 for k in rows],
            "replicate": list(rows),
            "accuracy": [None if k == 3 else k / 40 for k in rows],
            "kept": [k % 2 == 0 for k in rows],
        }
    )
    one.attrs = {"settings": {"seed": 0, "fractions": [0.1, 0.2]}}
    made = [one, one.iloc[:0], one[["fraction"]]]
    return written(".parquet", *(partial(one.to_parquet, index=False) for one in made))


def whole(found: Any) -> Any:
    """Give a table, or raise what is wrong with it."""
    if isinstance(found, InputError):
        raise found
    return found


def read_parquet(path: Path) -> Any:
    from netrobust.runs.tables import _table, parse_tables

    return whole(_table(unpack(pack(parse_tables([path])))[0]))


def guarded_parquet(path: Path) -> Any:
    from netrobust.runs.tables import read_tables

    return whole(read_tables([path])[0])


def is_table(table: Any) -> None:
    assert len(table.to_dict(orient="records")) == len(table)


def pruned(seed: int) -> Any:
    """A small module, one layer pruned, from plain torch."""
    import torch
    from torch.nn.utils import prune

    torch.manual_seed(seed)
    layers = torch.nn.Conv2d(1, 3, 2), torch.nn.Flatten(), torch.nn.Linear(12, 4)
    module = torch.nn.Sequential(*layers)
    prune.random_unstructured(module[2], "weight", 0.5)
    return module


def states(suffix: str) -> list[bytes]:
    import torch
    from safetensors.torch import save_file

    found = [pruned(seed).state_dict() for seed in (0, 1)]
    found.append({"fc.weight": torch.eye(5)[:, :3].contiguous()})
    save = save_file if suffix == ".safetensors" else torch.save
    return written(suffix, *(partial(save, one) for one in found))


def mat_files() -> list[bytes]:
    from scipy import sparse
    from scipy.io import savemat

    dense = np.eye(5, 4)
    made = written(
        ".mat",
        lambda path: savemat(path, {"adjacency_matrix": dense}),
        lambda path: savemat(path, {"adjacency_matrix": sparse.csc_array(dense)}),
        lambda path: savemat(path, {"a": dense > 0}, do_compression=True),
        lambda path: savemat(path, {"adjacency_matrix": dense}, format="4"),
        lambda path: savemat(path, {"s": {"x": [1.0]}, "c": np.array(["a", "b"])}),
    )
    # The text at the beginning of a newer file tells when it was written.
    about = b"MATLAB 5.0 MAT-file"
    return [
        about.ljust(116) + raw[116:] if raw.startswith(about) else raw for raw in made
    ]


def read_mat(path: Path) -> Any:
    from netrobust.convert.matlab import parse_mat
    from netrobust.convert.matrix_files import matrix_layers

    return matrix_layers(unpack(pack(parse_mat(path))))


def read_pt(path: Path) -> Any:
    from netrobust.convert.checkpoint_files import parse_torch
    from netrobust.convert.state_dicts import state_layers

    return state_layers(unpack(pack(parse_torch(path))))


def guarded_layers(path: Path) -> Any:
    from netrobust.convert.layer_files import read_layers

    return read_layers(path)


NAME = "package/data/x"


def packages() -> list[bytes]:
    small = by.tarred({"package/readme": b"read me", NAME: b"here"})
    return [small, gzip.decompress(small), by.tarred({NAME: bytes(2000)})]


def read_package(path: Path) -> bytes:
    return parse_member(path, [NAME], 5000)


def is_member_file(content: bytes) -> None:
    assert len(content) <= 5000


READERS = [
    Reader(
        "GraphML", "a.graphml", lambda: graphs(".graphml"), read_graphml, is_graph,
        (by.in_text, by.set_number), ours=False, door=read,
    ),
    Reader(
        "Parquet table", "a.parquet", tables, read_parquet, is_table, ours=False,
        door=guarded_parquet,
    ),
    Reader(
        "MATLAB .mat", "a.mat", mat_files, read_mat, are_layers, ours=False,
        door=guarded_layers,
    ),
    Reader(
        "torch .pt", "a.pt", lambda: states(".pt"), read_pt, are_layers, (by.in_zip,),
        ours=False, door=guarded_layers,
    ),
    Reader(
        "package", "a.tgz", packages, read_package, is_member_file, (by.in_tar,) * 2,
        ours=False, door=lambda path: member(path, [NAME], 5000),
    ),
]  # fmt: skip
