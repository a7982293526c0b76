"""What can go wrong with a sandbox itself; a failing program is a value (`ExecResult`) instead."""

from __future__ import annotations

from typing import ClassVar


class SandboxError(Exception):
    """Something is wrong with the sandbox."""

    permanent: ClassVar[bool] = False
    """True where the same call cannot succeed later without somebody changing something."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())


class SandboxUnavailable(SandboxError):
    """Docker does not answer. Start it, then try again."""


class ImageMissing(SandboxError):
    """The sandbox image is not there. Build it with `python manage.py sandbox_image default`."""

    permanent = True


class ImageUnusable(SandboxError):
    """The image cannot be used: it has no Python 3.9 or newer. Choose an image that has one."""

    permanent = True


class SpecRefused(SandboxError):
    """The sandbox cannot be made as it is described."""

    permanent = True


class SandboxLost(SandboxError):
    """The sandbox ended or stopped answering. Create a new one and restore its files."""


class FileError(SandboxError):
    """A file operation was refused.

    `code` is one of: not_found, outside, not_a_file, not_a_directory, is_a_directory, exists,
    is_a_link, too_large, no_space, bad_name, not_empty, denied.
    """

    permanent = True

    def __init__(self, code: str, path: str, message: str = "") -> None:
        self.code = code
        self.path = path
        super().__init__(message or f"{path}: {code.replace('_', ' ')}")


class TunnelRefused(SandboxError):
    """Nothing listens on that port in the sandbox. Start the service first."""
