"""Sets a checkout up, with Python's standard library alone: `python3 -m setup run|test`."""
