"""Taking keys into the register that were not made through it.

The keys of an installation from before there was a register are adopted once, when it is first
opened. After that, a key which the backend holds and the register does not know is nobody's:
an operator who knows where it came from adopts it by name.
"""

import re
from collections.abc import Mapping
from datetime import datetime

from keys.custody import Custody
from keys.errors import KeyExists
from keys.keyring import KeyState
from keys.register import Register, RegisteredKey
from keys.signer import Signer

_ADOPTED = "adopted"
_NUMBERED = re.compile(r"(?P<line>.+)-(?P<generation>[1-9][0-9]{0,5})")


def place_of(key_id: str, known: Mapping[str, RegisteredKey]) -> tuple[str, int]:
    """The line and generation that an identifier names: "x-2" is the second of "x" where there is an "x"."""
    found = _NUMBERED.fullmatch(key_id)
    if found is not None and found["line"] in known and int(found["generation"]) > 1:
        return known[found["line"]].line, int(found["generation"])
    return key_id, 1


def adopt_existing(register: Register, custody: Custody, *, backend: str, at: datetime) -> None:
    """Adopt whatever the custody holds, if the register has never been opened before.

    Every key is opened: with encrypted files that takes 0.2 s each, once.
    """
    if register.fact(_ADOPTED) is not None:
        return
    # A line before its later generations: "x" is shorter than "x-2".
    for key_id in sorted(custody.key_ids(), key=lambda each: (len(each), each)):
        if key_id not in register.entries():
            adopt(register, custody.load(key_id), backend=backend, at=at, why="adopted with the installation")
    register.remember(_ADOPTED, at.isoformat())


def adopt(
    register: Register, signer: Signer, *, backend: str, at: datetime, why: str = "adopted"
) -> RegisteredKey:
    """Enter a key as active; generations of its line before it are retired.

    Raises:
        KeyExists: another key of this identifier is registered, or of this line and another purpose.
    """
    line, generation = place_of(signer.key_id, register.entries())
    older = register.generations(line)
    if any(key.purpose is not signer.purpose for key in older):
        raise KeyExists(key_id=line)
    return register.add(
        RegisteredKey(
            key_id=signer.key_id,
            line=line,
            generation=generation,
            purpose=signer.purpose,
            algorithm=signer.algorithm,
            backend=backend,
            public_key=signer.public_key,
            stored_state=KeyState.ACTIVE,
            created_at=at,
            active_from=at,
            retires_at=None,
            max_uses=None,
        ),
        at=at,
        why=why,
        older_end_at=at,
    )
