"""Pipelines and plans: a class with operators, compiled into a checked plan that an executor runs."""
