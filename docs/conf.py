"""Settings of the documentation; `make docs` builds it."""

import importlib.metadata
import logging
import sys
from pathlib import Path

import netrobust as nr

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
# These public names are modules, and Sphinx asks for modules by import.
sys.modules |= {"netrobust.draw": nr.draw, "netrobust.theory": nr.theory}
# Fonts of the theme log every step.
logging.getLogger("fontTools").setLevel(logging.WARNING)

project = "netrobust"
author = "netrobust maintainers"
release = importlib.metadata.version("netrobust")

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "myst_parser",
    "citation_pages",
    "directives",
    "gallery_pages",
    "notes",
    "settings_keys",
]
default_role = "py:obj"
highlight_language = "none"
smartquotes = False  # a double hyphen is part of an option
add_module_names = False

autodoc_typehints = "none"  # the docstrings give types, in the words of the field
autodoc_member_order = "bysource"
python_maximum_signature_line_length = 88
autosummary_generate = True
templates_path = ["_templates"]
numpydoc_show_class_members = False
numpydoc_use_plots = False

# Scripts of cells, run and shown with what they print and draw.
notes = [
    HERE.parent / f"analyses/{name}.py"
    for name in ("tutorial", "your_own_model", "your_own_graph")
]

html_theme = "furo"
html_title = f"netrobust {release}"
html_show_sphinx = False
html_show_copyright = False
html_copy_source = False
html_static_path = ["_static"]
html_css_files = ["pages.css"]
