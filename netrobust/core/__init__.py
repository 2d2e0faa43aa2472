"""Errors, registries, options, settings, random streams, whole-file writes."""
