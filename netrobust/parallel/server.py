"""Loaded first by the server that workers are forked from.

It ends with its parent, and loads what numba would load with the first kernel of each
worker.
"""

import os

from numba.core.registry import cpu_target

from netrobust.core.interpreter import end_with_parent

end_with_parent(os.getppid())
cpu_target.typing_context.refresh()
cpu_target.target_context.refresh()
