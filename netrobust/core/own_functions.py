"""Functions of the user's own by name: ``mine.py:measure``, ``package.module:measure``.

Such a name is typed wherever that of a member is. A file is a module of its folder; a
module is imported from where Python looks, the present folder last.

Code is imported on the word of the user alone: what a run folder or a network file
names is refused, see `told_by_a_file`, until the user has named it in this process.
Workers are told with their work, see `packed`.
"""

import os
import pickle
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from hashlib import blake2b
from importlib import import_module, invalidate_caches
from pathlib import Path
from traceback import extract_tb
from typing import Any, NamedTuple

from netrobust.core.errors import InputError, meant


class UntrustedCodeError(InputError):
    """A file names code that the user has not named."""


class _Own(NamedTuple):
    """A function and the name under which any process finds it."""

    function: Callable[..., Any]
    place: str


_KNOWN: dict[str, _Own] = {}  # by the name that was typed
_TOLD = ContextVar("_TOLD", default=False)


def is_own(name: Any) -> bool:
    """Whether a name is that of a function of the user's own.

    Examples
    --------
    >>> is_own("mine.py:neighbour_degree"), is_own("reach")
    (True, False)
    """
    return isinstance(name, str) and ":" in name


def short(name: str) -> str:
    """Give the name that tables and files bear: that of the function.

    Examples
    --------
    >>> short("folder/mine.py:neighbour_degree"), short("mnist")
    ('neighbour_degree', 'mnist')
    """
    return name.rpartition(":")[2].strip()


def own(name: str) -> Callable[..., Any]:
    """Import a function of the user's own.

    Parameters
    ----------
    name : str
        ``FILE.py:FUNCTION`` or ``PACKAGE.MODULE:FUNCTION``.

    Raises
    ------
    InputError
        There is no such file, module or function, or its import fails.
    UntrustedCodeError
        A file gives the name, see `told_by_a_file`.

    Examples
    --------
    >>> own("statistics:fmean")([1, 2])
    1.5
    >>> own("nowhere.py:f")
    Traceback (most recent call last):
    ...
    netrobust.core.errors.InputError: no file nowhere.py for nowhere.py:f; give a name \
such as mine.py:function or package.module:function
    """
    if name not in _KNOWN:
        if _TOLD.get():
            raise UntrustedCodeError(
                f"it names {name}, which is code that you have not named yourself; "
                f"look at it, and then start the command as: netrobust --own {name} ..."
            )
        _KNOWN[name] = _imported(name)
    return _KNOWN[name].function


@contextmanager
def told_by_a_file() -> Iterator[None]:
    """Import nothing meanwhile: whoever wrote the file must not run code here.

    Examples
    --------
    >>> with told_by_a_file():
    ...     own("shutil:rmtree")
    Traceback (most recent call last):
    ...
    netrobust.core.own_functions.UntrustedCodeError: it names shutil:rmtree, ...
    """
    before = _TOLD.set(True)
    try:
        yield
    finally:
        _TOLD.reset(before)


def flags() -> str:
    """Write what the command line needs to find the functions that are known here."""
    return "".join(f" --own {name}" for name in _KNOWN)


def digests(*members: Any) -> list[str]:
    """Hash the files of those members that are known here, each once.

    What was computed by code that has changed since is then computed anew.
    """
    asked = {id(getattr(member, "function", member)) for member in members}
    known = [one.function for one in _KNOWN.values() if id(one.function) in asked]
    modules = {sys.modules[one.__module__] for one in known}
    files = {one.__file__ for one in modules if getattr(one, "__file__", None)}
    return [
        blake2b(Path(file).read_bytes(), digest_size=8).hexdigest()
        for file in sorted(map(str, files))
    ]


def packed(work: Any) -> bytes:
    """Pickle work for another process, with the functions that are known here."""
    places = {name: known.place for name, known in _KNOWN.items()}
    return pickle.dumps((places, pickle.dumps(work)))


def unpacked(content: bytes) -> Any:
    """Give the work that `packed` was given, in whatever process.

    Examples
    --------
    >>> unpacked(packed([own("statistics:fmean")]))[0].__name__
    'fmean'
    """
    places, work = pickle.loads(content)
    for name, place in places.items():
        if name not in _KNOWN:
            _KNOWN[name] = _imported(place)
    return pickle.loads(work)


def _imported(name: str) -> _Own:
    """Import the module of a function, and give that."""
    if not name.isprintable():
        raise InputError(
            f"{name!r} holds a character that no file or module has in its name; give "
            "a name such as mine.py:function or package.module:function"
        )
    where, _, function = (part.strip() for part in name.rpartition(":"))
    is_file = where.endswith(".py")
    path = Path(os.path.expanduser(where)).resolve()
    if is_file and not path.is_file():
        raise InputError(
            f"no file {where} for {name}; give a name such as mine.py:function or "
            "package.module:function"
        )
    folder, module = (path.parent, path.stem) if is_file else (Path.cwd(), where)
    if not all(part.isidentifier() for part in module.split(".")):
        raise InputError(
            f"{where} cannot be imported under the name {module!r}; give it one of "
            "letters, digits and _"
        )
    if str(folder) not in sys.path:
        sys.path.append(str(folder))  # last, so that it hides no other module
        invalidate_caches()
    found = _module(module, where)
    there = getattr(found, "__file__", None)
    if is_file and (there is None or Path(there).resolve() != path):
        raise InputError(
            f"{where} has the name of another module ({there or 'of Python itself'}); "
            "give the file another name"
        )
    member = getattr(found, function, None)
    if not callable(member) or not hasattr(member, "__name__"):
        known = [key for key, one in vars(found).items() if callable(one)
                 and getattr(one, "__module__", "") == found.__name__]  # fmt: skip
        raise InputError(
            f"{where} has no function {function!r}; it has "
            f"{', '.join(known) or 'none'}{meant(function, known)}"
        )
    return _Own(member, f"{path if is_file else where}:{function}")


def _module(name: str, where: str) -> Any:
    try:
        return import_module(name)
    except (Exception, SystemExit) as error:
        last = extract_tb(error.__traceback__)[-1]
        at = "" if "importlib" in last.filename else f", line {last.lineno} of " + (
            Path(last.filename).name)  # fmt: skip
        raise InputError(
            f"{where} cannot be imported ({type(error).__name__}: {error}{at}); "
            "correct it, or the name"
        ) from error
