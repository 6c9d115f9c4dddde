"""The baseline levels of a PAdES seal (ETSI EN 319 142-1 §6), each the one before and one step more."""

from enum import StrEnum


class Level(StrEnum):
    """How long a seal can be judged, and by what."""

    B_B = "B-B"  # signed: while its certificate is valid
    B_T = "B-T"  # and time-stamped: with revocation data from elsewhere
    B_LT = (
        "B-LT"  # and all of that data stored: without a network, while the time-stamp's certificate is valid
    )
    B_LTA = "B-LTA"  # and everything time-stamped once more: as long as that is renewed in time
