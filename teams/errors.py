"""What can be refused about people and credentials; each docstring is the default message."""


class TeamsError(Exception):
    """Something about a team was refused."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (self.__class__.__doc__ or "").strip())


class KeyNeededAgain(TeamsError):
    """The server address changed. Give the key again: the stored one was for the old server."""


class CredentialEmpty(TeamsError):
    """Give a key, or the address of a server that needs none."""


class AddressInvalid(TeamsError):
    """A server address is like http://localhost:11434/v1, without a name, password or query."""


class CredentialUnreadable(TeamsError):
    """The stored key cannot be decrypted with this installation's keys. Enter it again."""
