"""Networks to graphs and back: ours, torch modules, state dicts, matrices, files."""
