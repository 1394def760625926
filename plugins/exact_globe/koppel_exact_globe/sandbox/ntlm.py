"""The pretended server's side of NTLM: challenges, and NTLMv2 answers checked byte by byte."""

from __future__ import annotations

import base64
import hmac
import random
import struct
from binascii import Error as NotBase64
from collections.abc import Callable, Iterable
from dataclasses import dataclass

SIGNATURE = b"NTLMSSP\0"
_Mix = Callable[[int, int, int], int]
# Unicode, request target, NTLM, always sign, target is a domain, extended session security,
# target info
_FLAGS = 0x00898205


def md4(data: bytes) -> bytes:
    """RFC 1320; OpenSSL 3 no longer offers it."""
    state = [0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476]
    padded = data + b"\x80" + bytes(-(len(data) + 9) % 64) + struct.pack("<Q", len(data) * 8)
    rounds: tuple[tuple[_Mix, int, tuple[int, ...], Iterable[int]], ...] = (
        (lambda x, y, z: (x & y) | (~x & z), 0, (3, 7, 11, 19), range(16)),
        (
            lambda x, y, z: (x & y) | (x & z) | (y & z),
            0x5A827999,
            (3, 5, 9, 13),
            [column + 4 * row for column in range(4) for row in range(4)],
        ),
        (
            lambda x, y, z: x ^ y ^ z,
            0x6ED9EBA1,
            (3, 9, 11, 15),
            (0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15),
        ),
    )
    for start in range(0, len(padded), 64):
        words = struct.unpack("<16I", padded[start : start + 64])
        a, b, c, d = state
        for mix, constant, shifts, order in rounds:
            for step, index in enumerate(order):
                total = (a + mix(b, c, d) + words[index] + constant) & 0xFFFFFFFF
                shift = shifts[step % 4]
                a, b, c, d = d, ((total << shift) | (total >> (32 - shift))) & 0xFFFFFFFF, b, c
        state = [(x + y) & 0xFFFFFFFF for x, y in zip(state, (a, b, c, d), strict=True)]
    return struct.pack("<4I", *state)


def _hmac_md5(key: bytes, data: bytes) -> bytes:
    return hmac.digest(key, data, "md5")


def v2_key(user: str, domain: str, password: str) -> bytes:
    """The key that NTLMv2 proofs are made with; the user in capitals, the domain as sent."""
    name = (user.upper() + domain).encode("utf-16-le")
    return _hmac_md5(md4(password.encode("utf-16-le")), name)


def v2_proof(key: bytes, challenge: bytes, temp: bytes) -> bytes:
    """What shows that the other side knows the password."""
    return _hmac_md5(key, challenge + temp)


def target_info(domain: str, server: str) -> bytes:
    """The names that the server tells about itself."""
    pairs = b""
    for number, text in ((2, domain), (1, server)):
        value = text.encode("utf-16-le")
        pairs += struct.pack("<HH", number, len(value)) + value
    return pairs + bytes(4)


def type_2(challenge: bytes, domain: str, info: bytes) -> bytes:
    """The server's challenge message."""
    name = domain.encode("utf-16-le")
    head = SIGNATURE + struct.pack("<IHHIL", 2, len(name), len(name), 48, _FLAGS)
    head += challenge + bytes(8) + struct.pack("<HHI", len(info), len(info), 48 + len(name))
    return head + name + info


def decode(token: str) -> tuple[int, bytes]:
    """The message in an Authorization header and its type; 0 when it is none."""
    try:
        message = base64.b64decode(token, validate=True)
    except (NotBase64, ValueError):
        return 0, b""
    if len(message) < 16 or not message.startswith(SIGNATURE):
        return 0, b""
    return struct.unpack_from("<I", message, 8)[0], message


def buffers(message: bytes) -> tuple[bytes, ...]:
    """LM answer, NT answer, domain, user and workstation of a type 3 message."""
    parts = []
    for position in range(12, 52, 8):
        length, _, offset = struct.unpack_from("<HHI", message, position)
        parts.append(message[offset : offset + length])
    return tuple(parts)


@dataclass
class Session:
    """What the server knows of one TCP connection."""

    challenge: bytes | None = None
    user: str | None = None
    served: int = 0


@dataclass
class Guard:
    """Knows the one account there is, counts who comes in, and locks after too many wrong tries."""

    username: str
    password: str
    domain: str
    server: str
    dice: random.Random
    lock_after: int = 5
    handshakes: int = 0
    refused: int = 0

    @property
    def locked(self) -> bool:
        return self.refused >= self.lock_after

    def challenge(self, session: Session) -> str:
        """A fresh challenge for this connection, as the header carries it."""
        session.challenge, session.user = self.dice.randbytes(8), None
        info = target_info(self.domain, self.server)
        return base64.b64encode(type_2(session.challenge, self.domain, info)).decode()

    def answer(self, session: Session, message: bytes) -> bool:
        """Whether this type 3 answers the challenge that this very connection got."""
        challenge, session.challenge = session.challenge, None
        if challenge is None:
            return False
        self.handshakes += 1
        if not self.locked and self._knows(challenge, message):
            session.user, session.served = self.username, 0
            return True
        self.refused += 1
        return False

    def basic(self, token: str) -> bool:
        """Whether this is our account, as Basic sends it."""
        try:
            name, _, password = base64.b64decode(token, validate=True).decode().partition(":")
        except ValueError:
            return False
        names = (f"{self.domain}\\{self.username}", f"{self.username}@{self.domain}", self.username)
        known = name.casefold() in (n.casefold() for n in names) and password == self.password
        if known and not self.locked:
            return True
        self.refused += 1
        return False

    def _knows(self, challenge: bytes, message: bytes) -> bool:
        try:
            _, answer, domain_bytes, user_bytes, _ = buffers(message)
            domain, user = domain_bytes.decode("utf-16-le"), user_bytes.decode("utf-16-le")
        except (struct.error, UnicodeDecodeError):
            return False
        name, _, realm = user.partition("@")
        if name.casefold() != self.username.casefold():
            return False
        if (realm or domain or self.domain).casefold() != self.domain.casefold():
            return False
        if len(answer) <= 24 or answer[16:18] != b"\x01\x01":  # 24 bytes: NTLMv1, refused
            return False
        key = v2_key(user, domain, self.password)
        return hmac.compare_digest(answer[:16], v2_proof(key, challenge, answer[16:]))
