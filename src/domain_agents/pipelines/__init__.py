"""Machine-learning architectures: a requirements grid becomes decisions, each with what forces it. Pure."""
