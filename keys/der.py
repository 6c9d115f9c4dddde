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
    """Reads the values inside one constructed value, in order, strictly.

    Every signature has passed some dozens of reads, so the common step is short.
    """

    __slots__ = ("_data", "_end", "_offset")

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._offset = 0
        self._end = len(data)

    def __bool__(self) -> bool:
        """Whether anything is left."""
        return self._offset < self._end

    def next_tag(self) -> int | None:
        """The tag of the next value, None at the end."""
        return self._data[self._offset] if self._offset < self._end else None

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
        data, at = self._data, self._offset
        if at >= self._end or data[at] != tag:
            msg = f"expected tag {tag:#04x} at offset {at}, found {self.next_tag()}"
            raise ValueError(msg)
        content = at + 2
        if content > self._end:
            msg = "length missing"
            raise ValueError(msg)
        length = data[at + 1]
        if length >= SHORT_LENGTH_LIMIT:
            length, content = self._long_length(content, length & 0x7F)
        if content + length > self._end:
            msg = "value cut short"
            raise ValueError(msg)
        self._offset = content + length
        return content

    def _long_length(self, at: int, count: int) -> tuple[int, int]:
        """A length of `count` octets, and where the contents begin."""
        octets = self._data[at : at + count]
        length = int.from_bytes(octets, "big")
        shortest = count and octets[:1] != b"\0" and length >= SHORT_LENGTH_LIMIT
        if not shortest or count > MAX_LENGTH_OCTETS or len(octets) != count:
            msg = "length that is not DER (X.690 §10.1)"
            raise ValueError(msg)
        return length, at + count

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
            msg = f"{self._end - self._offset} octets too many"
            raise ValueError(msg)


def parse_integer(content: bytes) -> int:
    """The contents of an INTEGER, shortest form only.

    Raises:
        ValueError: no octets, or a superfluous leading one.
    """
    # A leading octet that only repeats the sign is superfluous.
    if not content or (len(content) > 1 and content[0] == (0xFF if content[1] & 0x80 else 0)):
        msg = "INTEGER that is not DER (X.690 §8.3.2)"
        raise ValueError(msg)
    return int.from_bytes(content, "big", signed=True)


def parse_sequence(der: bytes) -> Reader:
    """The values of a SEQUENCE that is all of `der`.

    Raises:
        ValueError: anything else.
    """
    outer = Reader(der)
    content = outer.read(SEQUENCE)
    outer.finish()
    return Reader(content)
