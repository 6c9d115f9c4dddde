"""Every attack there is; importing the rooms fills the register."""

import attacks_by_insiders
import attacks_by_other_sealers
import attacks_by_wrapping
import attacks_in_the_shadow
import attacks_on_certified_files
import attacks_on_codes
import attacks_on_contents
import attacks_on_dates
import attacks_on_knowledge
import attacks_on_pages
import attacks_on_signatures
import attacks_on_tables
import attacks_on_the_layout
import attacks_on_the_signature_object
import attacks_on_time_stamps
from attack_register import ATTACKS, Attack

# In the order of the table.
ROOMS = (
    attacks_on_signatures,
    attacks_by_wrapping,
    attacks_in_the_shadow,
    attacks_on_certified_files,
    attacks_on_the_layout,
    attacks_on_tables,
    attacks_on_contents,
    attacks_by_insiders,
    attacks_on_pages,
    attacks_on_codes,
    attacks_on_knowledge,
    attacks_on_dates,
    attacks_on_the_signature_object,
    attacks_on_time_stamps,
    attacks_by_other_sealers,
)
ALL: tuple[Attack, ...] = tuple(each for room in ROOMS for each in ATTACKS if each.room == room.__name__)
