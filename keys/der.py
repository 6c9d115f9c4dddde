"""The Distinguished Encoding Rules (ITU-T X.690 §10), as little of them as we write ourselves.

For the few structures that no library writes (scrypt in PBES2) or that libraries
write too slowly (time-stamp tokens). The reader is strict: definite, shortest
lengths, tags as expected, nothing left over. All errors are `ValueError`.
"""

INTEGER, BIT_STRING, OCTET_STRING, NULL, OID = 0x02, 0x03, 0x04, 0x05, 0x06
BOOLEAN, UTF8_STRING, GENERALIZED_TIME = 0x01, 0x0C, 0x18
SEQUENCE, SET = 0x30, 0x31
SHORT_LENGTH_LIMIT = 0x80
MAX_LENGTH_OCTETS = 4


def context(number: int, *, constructed: bool = True) -> int:
    """The tag `[number]` of the context class, numbers below 31."""
    return (0xA0 if constructed else 0x80) | number


def tlv(tag: int, *parts: bytes) -> bytes:
    """One value: tag, shortest length (§10.1), contents."""
    content = b"".join(parts)
    length = len(content)
    if length < SHORT_LENGTH_LIMIT:
        return bytes((tag, length)) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, SHORT_LENGTH_LIMIT | len(octets))) + octets + content


def integer(value: int) -> bytes:
    """INTEGER in the fewest octets (§8.3.2); negative values too."""
    bits = value.bit_length() if value >= 0 else (value + 1).bit_length()
    return tlv(INTEGER, value.to_bytes(bits // 8 + 1, "big", signed=True))


def object_identifier(dotted: str) -> bytes:
    """OBJECT IDENTIFIER (§8.19), arcs of any size."""
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    return tlv(OID, b"".join(_base128(arc) for arc in (first * 40 + second, *rest)))


def _base128(arc: int) -> bytes:
    octets = [arc & 0x7F]
    while arc := arc >> 7:
        octets.append(0x80 | (arc & 0x7F))
    return bytes(reversed(octets))


class Reader:
    """Reads the values inside one constructed value, in order, strictly."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._offset = 0

    def __bool__(self) -> bool:
        """Whether anything is left."""
        return self._offset < len(self._data)

    def next_tag(self) -> int | None:
        """The tag of the next value, None at the end."""
        return self._data[self._offset] if self else None

    def read(self, tag: int) -> bytes:
        """The contents of the next value, which must carry `tag`.

        Raises:
            ValueError: another tag, a length that is not the shortest, contents cut short.
        """
        return self._data[self._step(tag) : self._offset]

    def read_whole(self, tag: int) -> bytes:
        """As `read`, tag and length included."""
        start = self._offset
        self._step(tag)
        return self._data[start : self._offset]

    def skip(self, tag: int) -> None:
        """Step over the next value, which must carry `tag`."""
        self._step(tag)

    def _step(self, tag: int) -> int:
        """Move behind the next value; answers where its contents begin."""
        if self.next_tag() != tag:
            msg = f"expected tag {tag:#04x} at offset {self._offset}, found {self.next_tag()}"
            raise ValueError(msg)
        length, content = self._length(self._offset + 1)
        if content + length > len(self._data):
            msg = "value cut short"
            raise ValueError(msg)
        self._offset = content + length
        return content

    def _length(self, at: int) -> tuple[int, int]:
        head = self._data[at : at + 1]
        if not head:
            msg = "length missing"
            raise ValueError(msg)
        if head[0] < SHORT_LENGTH_LIMIT:
            return head[0], at + 1
        count = head[0] & 0x7F
        octets = self._data[at + 1 : at + 1 + count]
        length = int.from_bytes(octets, "big")
        shortest = count and octets[:1] != b"\0" and length >= SHORT_LENGTH_LIMIT
        if not shortest or count > MAX_LENGTH_OCTETS or len(octets) != count:
            msg = "length that is not DER (X.690 §10.1)"
            raise ValueError(msg)
        return length, at + 1 + count

    def read_integer(self) -> int:
        """An INTEGER in the fewest octets (§8.3.2).

        Raises:
            ValueError: no octets, or a superfluous leading one.
        """
        return parse_integer(self.read(INTEGER))

    def finish(self) -> None:
        """Assert that nothing is left.

        Raises:
            ValueError: something is.
        """
        if self:
            msg = f"{len(self._data) - self._offset} octets too many"
            raise ValueError(msg)


def parse_integer(content: bytes) -> int:
    """The contents of an INTEGER, shortest form only.

    Raises:
        ValueError: no octets, or a superfluous leading one.
    """
    value = int.from_bytes(content, "big", signed=True)
    if tlv(INTEGER, content) != integer(value):
        msg = "INTEGER that is not DER (X.690 §8.3.2)"
        raise ValueError(msg)
    return value


def parse_sequence(der: bytes) -> Reader:
    """The values of a SEQUENCE that is all of `der`.

    Raises:
        ValueError: anything else.
    """
    outer = Reader(der)
    content = outer.read(SEQUENCE)
    outer.finish()
    return Reader(content)
