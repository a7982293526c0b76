"""The only writers of documents and MCP servers."""

from resources.services.documents import document_add, document_delete
from resources.services.mcp import (
    Reach,
    server_delete,
    server_reach,
    server_refresh,
    server_save,
    tool_accept,
    tools_choose,
)

__all__ = [
    "Reach",
    "document_add",
    "document_delete",
    "server_delete",
    "server_reach",
    "server_refresh",
    "server_save",
    "tool_accept",
    "tools_choose",
]
