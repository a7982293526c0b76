"""What can be refused about documents and MCP servers; each docstring is the default message."""


class ResourceError(Exception):
    """Something about a document or a server was refused."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (self.__class__.__doc__ or "").strip())


class DocumentRefused(ResourceError):
    """This file cannot be read."""


class ServerRefused(ResourceError):
    """This is no server that can be called. `field` is the part of it that is wrong."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class ServerFailed(ResourceError):
    """The server did not answer as it should."""
