"""The `netrobust` command.

Exit codes: 0 done, 1 training diverged or units failed, 2 bad input, 3 data cannot be
had; anything else is a defect and shows its traceback. Verbs import what they need when
they run, so help comes at once.
"""

import sys

# Their order is that of the help page.
from netrobust.cli import make, analyse, attack, recover, report, info, console, streams  # isort: skip
from netrobust.cli.options import app
from netrobust.cli.words import check_words
from netrobust.core.errors import (
    DataUnavailableError,
    DivergedError,
    InputError,
    UnfinishedError,
    shown,
)
from netrobust.parallel.progress_bar import silent

__all__ = ["analyse", "attack", "info", "main", "make", "recover", "report"]


_DEVICE = (
    "there is no choice of device: all work is done on the CPU, because the kernels "
    "follow the links of sparse layers one by one, and none is written for a GPU; "
    "--jobs spreads the work over processors"
)
_INTERRUPTED = 130  # what shells report of a process that ends by Ctrl-C


def main() -> None:
    """Run the command and end the process with its exit code."""
    streams.steady()
    try:
        check_words(sys.argv[1:])
        with silent():  # verbs have bars of their own
            code = app(standalone_mode=False) or 0
        if code == _INTERRUPTED:  # the parser took the interrupt for itself
            raise KeyboardInterrupt
        if lost := streams.lost():
            console.tell(f"netrobust: {lost}; the work is done")
        sys.exit(code)
    except InputError as error:
        _stop(str(error), 2)
    except DataUnavailableError as error:
        _stop(str(error), 3)
    except (DivergedError, UnfinishedError) as error:
        _stop(str(error), 1)
    except OSError as error:
        where = f"{shown(str(error.filename))}: " if error.filename else ""
        _stop(f"{where}{error.strerror or error}; nothing that is done is lost", 2)
    except MemoryError as error:
        lack = str(error) or "no more is there"
        _stop(f"this needs more memory than there is ({lack}); ask for less", 2)
    except KeyboardInterrupt:
        _stop("interrupted; rerun the same command to resume", _INTERRUPTED)
    except Exception as error:
        # The parser's own complaints, whichever parser the installed typer brings.
        sentence = getattr(error, "format_message", None)
        if sentence is None:
            raise
        if type(error).__name__ == "NoArgsIsHelpError":  # the help page is printed
            sys.exit(2)
        if getattr(error, "option_name", None) in ("--device", "--gpu", "--cuda"):
            _stop(_DEVICE, 2)
        said = sentence().rstrip(".")
        said += "" if said.endswith("?") else "."
        _stop(f"{said} See netrobust --help.", 2)


def _stop(sentence: str, code: int) -> None:
    if code == 2:
        sentence = " ".join(sentence.split())  # one line, whatever a file was called
    console.tell(f"netrobust: {sentence}")
    sys.exit(code)
