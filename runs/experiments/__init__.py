"""The same tasks through variants of a crew, with results side by side."""
