"""Every attack there is; importing the rooms fills the register."""

import attacks_on_signatures
from attack_register import ATTACKS, Attack

ROOMS = (attacks_on_signatures,)
ALL: tuple[Attack, ...] = tuple(ATTACKS)
