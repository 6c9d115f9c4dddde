"""What people type and paste, brought into the form we keep."""

import unicodedata

# Marks that steer the direction of a line (UAX #9 §2) and the byte order mark: copied along with
# Arabic text from chats and pages, unseen by whoever pastes them, and no part of the words.
_DIRECTION_MARKS = dict.fromkeys(
    [0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF]
)


def without_direction_marks(value: object) -> object:
    """Words in NFC and in their logical order alone; what is not text is left to the schema to refuse."""
    if not isinstance(value, str):
        return value
    return unicodedata.normalize("NFC", value.translate(_DIRECTION_MARKS))
