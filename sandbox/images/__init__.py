"""The images sandboxes start from: what is in them, and how they are built with or without a
registry. Synchronous: only the management command uses it."""
