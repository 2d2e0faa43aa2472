"""Loaded first by the server that workers are forked from: it ends with its parent."""

import os

from netrobust.core.interpreter import end_with_parent

end_with_parent(os.getppid())
