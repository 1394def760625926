"""Sealing: secrets and log data are encrypted so that they open only here, in their own place.

AES-256-GCM. What is sealed is bound to its place (`connection/7/credentials`), so a sealed value
that is copied to another row does not open there. Keys for encryption, for hashes and for signing
are derived from the master key, each for its own use.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from hub.store.errors import CannotOpen, KeyRefused

VERSION = "v1"
SHORTEST_KEY = 32
"""Characters; a key that `koppel` made itself has 43."""
_BINARY_VERSION = b"\x01"
_NONCE = 12
_KID = 4


@dataclass(frozen=True)
class _Key:
    """One master key, ready for use. kid: four bytes by which sealed values name their key."""

    kid: bytes
    cipher: AESGCM = field(repr=False)


def _derived(master: bytes, info: str, length: int = 32) -> bytes:
    return HKDF(
        algorithm=SHA256(), length=length, salt=None, info=f"koppel/{info}".encode()
    ).derive(master)


def _key(master: bytes) -> _Key:
    return _Key(_derived(master, "key id", _KID), AESGCM(_derived(master, "vault/v1")))


class Vault:
    """Seals with the first key and opens with any of them.

    digest_key: what hashes of personal data are keyed with. It must outlive a change of the master
    key, or nothing would be found again; `open_vault` keeps it in the database, sealed.
    reload: gives the keys anew when a value names an unknown one: they may have been changed while
    this process runs.
    """

    def __init__(
        self,
        keys: Sequence[bytes],
        *,
        digest_key: bytes | None = None,
        reload: Callable[[], Sequence[bytes]] | None = None,
    ) -> None:
        self._take(keys)
        self._digest_key = digest_key or _derived(keys[0], "digest/v1")
        self._reload = reload

    def _take(self, keys: Sequence[bytes]) -> None:
        if not keys:
            raise KeyRefused("The vault needs a key.")
        if any(len(key) < SHORTEST_KEY for key in keys):
            raise KeyRefused(
                f"The encryption key is too short: it takes at least {SHORTEST_KEY} characters. "
                'Make one with: python3 -c "import secrets; print(secrets.token_urlsafe(32))"'
            )
        self._primary = keys[0]
        made = [_key(key) for key in keys]
        self._first = made[0]
        self._keys = {key.kid: key for key in reversed(made)}

    def __repr__(self) -> str:
        return f"Vault({self.kid}, {len(self._keys)} keys)"

    def __reduce__(self) -> str:
        raise TypeError("a vault is not to be pickled")

    @property
    def kid(self) -> str:
        """The name of the key that seals. It says nothing about the key itself."""
        return self._first.kid.hex()

    @property
    def kids(self) -> frozenset[str]:
        """The names of all keys that open."""
        return frozenset(kid.hex() for kid in self._keys)

    # ---- text

    def seal(self, value: str | bytes, where: str) -> str:
        """Encrypt for one place: `v1.<key>.<data>`."""
        plain = value.encode() if isinstance(value, str) else value
        data = _encrypt(self._first, plain, where)
        return f"{VERSION}.{self.kid}.{base64.urlsafe_b64encode(data).decode().rstrip('=')}"

    def open(self, sealed: str, where: str) -> str:
        """Decrypt text that was sealed for this place. Raises CannotOpen."""
        return self.open_bytes(sealed, where).decode()

    def open_bytes(self, sealed: str, where: str) -> bytes:
        """Decrypt bytes that were sealed for this place. Raises CannotOpen."""
        version, _, rest = sealed.partition(".")
        kid, _, data = rest.partition(".")
        if version != VERSION:
            raise CannotOpen(f"What is stored at {where} was not sealed by this program.")
        try:
            raw = base64.b64decode(data + "=" * (-len(data) % 4), altchars=b"-_", validate=True)
            name = bytes.fromhex(kid)
        except (ValueError, binascii.Error):
            raise CannotOpen(f"What is stored at {where} is damaged.") from None
        return self._decrypt(name, raw, where)

    # ---- bytes, a third shorter

    def seal_bytes(self, value: bytes, where: str) -> bytes:
        """Encrypt for one place, in the binary form that log data is kept in."""
        return _BINARY_VERSION + self._first.kid + _encrypt(self._first, value, where)

    def unseal_bytes(self, sealed: bytes, where: str) -> bytes:
        """Decrypt the binary form. Raises CannotOpen."""
        if sealed[:1] != _BINARY_VERSION:
            raise CannotOpen(f"What is stored at {where} was not sealed by this program.")
        return self._decrypt(sealed[1 : 1 + _KID], sealed[1 + _KID :], where)

    def _decrypt(self, kid: bytes, data: bytes, where: str) -> bytes:
        key = self._keys.get(kid)
        if key is None and self._reload is not None:
            self._take(self._reload())
            key = self._keys.get(kid)
        if key is None:
            raise CannotOpen(
                f"What is stored at {where} was sealed with key {kid.hex()}, which is not among "
                f"the keys in use ({', '.join(sorted(self.kids))})."
            )
        try:
            return key.cipher.decrypt(data[:_NONCE], data[_NONCE:], _bound(kid, where))
        except (InvalidTag, ValueError):
            raise CannotOpen(
                f"What is stored at {where} was changed, or was sealed for another place."
            ) from None

    # ---- what else needs a key

    def digest(self, value: str) -> str:
        """A keyed hash by which personal data is found without being kept."""
        plain = value.strip().casefold().encode()
        return hmac.new(self._digest_key, plain, hashlib.sha256).hexdigest()[:32]

    def derive(self, info: str) -> bytes:
        """A key for another use, such as signing sessions: 32 bytes, the same at every start."""
        return _derived(self._primary, f"derived/{info}")


def stale(sealed: str | bytes, vault: Vault) -> bool:
    """Whether a sealed value was sealed with another key than the one that seals now."""
    if isinstance(sealed, bytes):
        return sealed[1 : 1 + _KID].hex() != vault.kid
    return sealed.split(".")[1:2] != [vault.kid]


def _encrypt(key: _Key, plain: bytes, where: str) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + key.cipher.encrypt(nonce, plain, _bound(key.kid, where))


def _bound(kid: bytes, where: str) -> bytes:
    """What is authenticated along with the text: nothing of it may differ when it is opened."""
    return f"{VERSION}|{kid.hex()}|{where}".encode()
