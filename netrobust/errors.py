"""What can go wrong without a defect: the input, the data's whereabouts, a training.

Every other exception is a defect of netrobust and is shown with its traceback.
"""


class InputError(ValueError):
    """The caller's input breaks a stated rule.

    The message is one sentence: what came, what is allowed, what to do.
    The command line prints it and ends with exit code 2.
    """


class UnknownNameError(InputError, KeyError):
    """A family has no member of this name; also a KeyError, as mappings raise."""

    def __str__(self) -> str:
        """Give the sentence itself, where a KeyError would show it quoted."""
        return Exception.__str__(self)


class DataUnavailableError(RuntimeError):
    """A data set cannot be had from any of its sources (exit code 3)."""


class DivergedError(RuntimeError):
    """Training failed although its settings are legal: numbers left the finite range.

    The message is one sentence that says what to change (exit code 1).
    """
