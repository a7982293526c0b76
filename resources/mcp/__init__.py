"""MCP servers: what their tools are (`definitions`), and how they are called (`client`, which
imports the SDK and is imported only where a server is called)."""
