"""Tables in, matplotlib Axes out."""
