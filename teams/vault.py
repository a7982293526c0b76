"""Provider keys at rest: Fernet under ``settings.CREDENTIAL_KEYS``, the newest first."""

import base64

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from teams.errors import CredentialUnreadable


def seal(secret: str) -> str:
    """Encrypt a secret with the newest key; "" stays ""."""
    return _fernet().encrypt(secret.encode()).decode() if secret else ""


def unseal(sealed: str) -> str:
    """Decrypt what ``seal`` returned, under any of the keys.

    Raises:
        CredentialUnreadable: no key fits, as after the data folder's keys were lost.
    """
    if not sealed:
        return ""
    try:
        return _fernet().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise CredentialUnreadable from None


def _fernet() -> MultiFernet:
    return MultiFernet([Fernet(_derive(key)) for key in settings.CREDENTIAL_KEYS if key])


def _derive(key: str) -> bytes:
    kdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"callsheet provider credentials")
    return base64.urlsafe_b64encode(kdf.derive(key.strip().encode()))
