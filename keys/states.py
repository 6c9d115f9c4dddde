"""The life of a key (NIST SP 800-57 part 1 revision 5 §7): which state may follow which, and when by itself.

    pre-active ──> active <──> suspended
        │            │             │
        └────────────┴──> retired <┘ ──> destroyed

A key becomes active when its day comes, and retires when its last day has passed,
whether or not anybody looks. The table is the rule; there is no other way.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from keys.errors import IllegalTransition
from keys.keyring import KeyState
from keys.signer import Purpose

TRANSITIONS: Mapping[KeyState, frozenset[KeyState]] = {
    # A key that never signed may go straight away; suspending it would stop nothing.
    KeyState.PRE_ACTIVE: frozenset({KeyState.ACTIVE, KeyState.RETIRED, KeyState.DESTROYED}),
    KeyState.ACTIVE: frozenset({KeyState.SUSPENDED, KeyState.RETIRED}),
    KeyState.SUSPENDED: frozenset({KeyState.ACTIVE, KeyState.RETIRED}),
    KeyState.RETIRED: frozenset({KeyState.DESTROYED}),
    KeyState.DESTROYED: frozenset(),
}

# How long the generation before may still sign once the next one is active: as long as a process may
# go on with what it took up before. Time-stamps and answers are asked for at every moment and never stored
# half-made; a document's seal may wait in a queue. None: until somebody retires it. An issuing CA that was
# followed by another certifies nothing more, but its certificates run for years, and whoever checks one
# of them asks its list: the key goes on signing that (`ca.hierarchy`).
OVERLAP: Mapping[Purpose, timedelta | None] = {
    Purpose.ROOT: timedelta(days=30),
    Purpose.ISSUING: None,
    Purpose.SEAL: timedelta(days=7),
    Purpose.OFFICER: timedelta(days=7),
    Purpose.OCSP: timedelta(days=2),
    Purpose.TIMESTAMP: timedelta(days=2),
    Purpose.SEAL_CODE: timedelta(days=7),
    Purpose.STATUS: timedelta(days=2),
    Purpose.TRUST_LIST: timedelta(days=7),
    Purpose.LOG: timedelta(days=2),
    Purpose.ANSWER: timedelta(days=2),
}

# For how long a key signs before an operator is told to rotate it (SP 800-57 part 1 §5.3.6: private
# signature keys one to three years). Advice, shown by `wathiqa keys list`: a key that stopped by itself
# would stop the service.
ADVISED_PERIOD: Mapping[Purpose, timedelta] = {
    Purpose.ROOT: timedelta(days=20 * 365),
    Purpose.ISSUING: timedelta(days=10 * 365),
    Purpose.SEAL: timedelta(days=3 * 365),
    Purpose.OFFICER: timedelta(days=2 * 365),
    Purpose.OCSP: timedelta(days=365),
    Purpose.TIMESTAMP: timedelta(days=365),
    Purpose.SEAL_CODE: timedelta(days=2 * 365),
    Purpose.STATUS: timedelta(days=2 * 365),
    Purpose.TRUST_LIST: timedelta(days=2 * 365),
    Purpose.LOG: timedelta(days=365),
    Purpose.ANSWER: timedelta(days=365),
}


def require_transition(
    key_id: str, before: KeyState, after: KeyState, *, only_from: KeyState | None = None
) -> None:
    """The rule of the table; an act may be narrower and begin `only_from` one state.

    Raises:
        IllegalTransition: `after` does not follow `before`.
    """
    if after not in TRANSITIONS[before] or before is not (only_from or before):
        raise IllegalTransition(key_id=key_id, state=before.value, asked=after.value)


def state_at(
    stored: KeyState, *, active_from: datetime, retires_at: datetime | None, at: datetime
) -> KeyState:
    """The state at an instant of a key that was last known to be `stored`."""
    state = stored
    if state is KeyState.PRE_ACTIVE and at >= active_from:
        state = KeyState.ACTIVE
    if state in {KeyState.ACTIVE, KeyState.SUSPENDED} and retires_at is not None and at >= retires_at:
        state = KeyState.RETIRED
    return state
