"""The only writers of documents and MCP servers."""

from resources.services.documents import document_add, document_delete

__all__ = ["document_add", "document_delete"]
