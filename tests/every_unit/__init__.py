"""What holds for every unit of a registry."""
