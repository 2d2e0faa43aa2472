"""Tables in, tables out: summaries, robustness, tests."""
