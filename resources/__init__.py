"""What a team lends its crews: documents that they may search, and MCP servers that they may call.

Knows nothing of crews and runs; the tools in `runs/tools` use it.
"""
