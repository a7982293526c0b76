"""What is said of a crew before it runs: what it needs, what it may cost, if it is a good idea."""
