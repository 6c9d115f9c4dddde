"""The keys of an installation, under guard: where the register and the logs of uses lie."""

from ca.clock import Clock
from issuance.custody import open_custody
from issuance.settings import Layout, Settings
from keys.adoption import adopt_existing
from keys.classes import KeyClass
from keys.guard import GuardedKeyring
from keys.register import Register
from keys.use_log import UseLog


def open_keyring(
    layout: Layout,
    settings: Settings,
    *,
    clock: Clock,
    classes: tuple[KeyClass, ...] = tuple(KeyClass),
) -> GuardedKeyring:
    """The installation's keys in this process; an installation from before the register is adopted.

    Raises:
        KeyUnavailable: the register cannot be opened.
        UseLogFailed: a log of uses cannot be opened.
        UseLogBroken: a log does not end as it was written; nothing signs before that is looked into.
    """
    register = Register(layout.key_register)
    # By a custody of its own: what adopts opens every key, and is left behind with them.
    adopt_existing(register, open_custody(layout, settings), backend=settings.custody, at=clock())
    return GuardedKeyring(
        open_custody(layout, settings),
        register=register,
        logs={each: UseLog(layout.use_log(each.value)) for each in classes},
        clock=clock,
        backend=settings.custody,
    )
