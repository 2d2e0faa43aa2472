"""One thin script per figure: its claim, its table, its drawing."""
