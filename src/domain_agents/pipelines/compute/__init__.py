"""Capacity, memory, time and sample sizes, each with the formula it came from."""
