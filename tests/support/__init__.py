"""What the tests share: rendering, environments, processes, databases."""
