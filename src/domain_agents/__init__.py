"""domain-agents: three specialists for databases and machine-learning systems, served over MCP."""

__version__ = "0.1.0"
