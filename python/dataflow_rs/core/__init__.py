"""Operators: their base classes, keys, parameters, description, registry and execution."""
