"""The `netrobust` command.

Exit codes: 0 done, 1 training diverged or units failed, 2 bad input, 3 data cannot be
had; anything else is a defect and shows its traceback. Verbs import what they need when
they run, so help comes at once.
"""

import sys

# Their order is that of the help page.
from netrobust.cli import make, analyse, attack, recover, report, info, console  # isort: skip
from netrobust.cli.options import app
from netrobust.core.errors import (
    DataUnavailableError,
    DivergedError,
    InputError,
    UnfinishedError,
)

__all__ = ["analyse", "attack", "info", "main", "make", "recover", "report"]


_INTERRUPTED = 130  # what shells report of a process that ends by Ctrl-C


def main() -> None:
    """Run the command and end the process with its exit code."""
    try:
        code = app(standalone_mode=False) or 0
        if code == _INTERRUPTED:  # the parser took the interrupt for itself
            raise KeyboardInterrupt
        sys.exit(code)
    except InputError as error:
        _stop(str(error), 2)
    except DataUnavailableError as error:
        _stop(str(error), 3)
    except (DivergedError, UnfinishedError) as error:
        _stop(str(error), 1)
    except KeyboardInterrupt:
        _stop("interrupted; rerun the same command to resume", _INTERRUPTED)
    except Exception as error:
        # The parser's own complaints, whichever parser the installed typer brings.
        sentence = getattr(error, "format_message", None)
        if sentence is None:
            raise
        if type(error).__name__ == "NoArgsIsHelpError":  # the help page is printed
            sys.exit(2)
        _stop(f"{sentence().rstrip('.')}. See netrobust --help.", 2)


def _stop(sentence: str, code: int) -> None:
    if code == 2:
        sentence = " ".join(sentence.split())  # one line, whatever a file was called
    console.err.print(f"netrobust: {sentence}", soft_wrap=True)
    sys.exit(code)
