"""The two things that can be wrong from outside: the input, or the data's whereabouts.

Every other exception is a defect of netrobust and is shown with its traceback.
"""


class InputError(ValueError):
    """The caller's input breaks a stated rule.

    The message is one sentence: what came, what is allowed, what to do.
    The command line prints it and ends with exit code 2.
    """


class DataUnavailableError(RuntimeError):
    """A data set cannot be had from any of its sources (exit code 3)."""
