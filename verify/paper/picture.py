"""Puts a picture into a PDF page without decoding it.

JPEG data is what `/DCTDecode` names (ISO 32000-2 §7.4.8), and the data of a PNG file is what
`/FlateDecode` with a PNG predictor names (§7.4.4.4). So a picture's pixels are touched by
PDFium alone, and here only its head is read, octet by octet. One pixel becomes one point of a
page at 200 dpi.
"""

import struct
from struct import unpack_from

# A phone's camera has 12 to 50 million; what is larger is a bomb or a poster.
MAX_PICTURE_PIXELS = 64_000_000
MAX_SIDE = 20_000
POINTS_PER_PIXEL = 72 / 200
MAX_CHUNKS = 20_000

_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
# Frames that PDFium decodes: baseline, extended, progressive (ITU-T T.81, table B.1).
_FRAMES = frozenset({0xC0, 0xC1, 0xC2})
_MARK, _OCTET = 0xFF, 8
_ALONE = frozenset({0x01, *range(0xD0, 0xDA)})  # markers without a length


class PictureRefused(Exception):
    """`code` as in `verify.paper.scan`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def is_picture(data: bytes) -> bool:
    """Whether this begins as a PNG or JPEG file."""
    return data.startswith((_PNG, _JPEG))


def page_of_picture(data: bytes) -> bytes:
    """A PDF file of one page that shows the picture.

    Raises:
        PictureRefused: damaged, too large, or of a kind that we do not read (interlaced, CMYK).
    """
    try:
        return _of_png(data) if data.startswith(_PNG) else _of_jpeg(data)
    except (struct.error, IndexError) as error:
        raise PictureRefused("scan-unreadable") from error


def _of_jpeg(data: bytes) -> bytes:
    at = 2
    for _ in range(MAX_CHUNKS):
        if data[at] != _MARK:
            break
        marker = data[at + 1]
        if marker in _ALONE or marker == _MARK:
            at += 1 if marker == _MARK else 2
            continue
        (length,) = unpack_from(">H", data, at + 2)
        if marker in _FRAMES:
            depth, height, width, components = unpack_from(">BHHB", data, at + 4)
            spaces = {1: b"/DeviceGray", 3: b"/DeviceRGB"}
            if depth != _OCTET or components not in spaces:
                raise PictureRefused("scan-of-another-kind")
            image = b"/ColorSpace %s /BitsPerComponent 8 /Filter /DCTDecode" % spaces[components]
            return _page(width, height, image, data)
        at += 2 + length
    raise PictureRefused("scan-unreadable")


def _of_png(data: bytes) -> bytes:
    length, kind, width, height, depth, colour, compression, filters, interlace = unpack_from(
        ">L4sLLBBBBB", data, 8
    )
    if (length, kind, compression, filters) != (13, b"IHDR", 0, 0) or depth not in {1, 2, 4, 8, 16}:
        raise PictureRefused("scan-unreadable")
    if interlace:
        raise PictureRefused("scan-of-another-kind")
    palette, parts = b"", []
    for name, content in _chunks(data):
        if name == b"PLTE":
            palette = content
        elif name == b"IDAT":
            parts.append(content)
    space, components = _space(colour, palette)
    image = (
        b"/ColorSpace %s /BitsPerComponent %d /Filter /FlateDecode "
        b"/DecodeParms << /Predictor 15 /Colors %d /BitsPerComponent %d /Columns %d >>"
        % (space, depth, components, depth, width)
    )
    return _page(width, height, image, b"".join(parts))


def _chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    chunks: list[tuple[bytes, bytes]] = []
    at = 8
    while at < len(data) and len(chunks) < MAX_CHUNKS:
        length, name = unpack_from(">L4s", data, at)
        if name == b"IEND":
            return chunks
        chunks.append((name, data[at + 8 : at + 8 + length]))
        at += 12 + length
    raise PictureRefused("scan-unreadable")


def _space(colour: int, palette: bytes) -> tuple[bytes, int]:
    match colour:
        case 0:
            return b"/DeviceGray", 1
        case 2:
            return b"/DeviceRGB", 3
        case 3 if palette and len(palette) % 3 == 0 and len(palette) <= 768:  # noqa: PLR2004 - 256 colours
            return b"[/Indexed /DeviceRGB %d <%s>]" % (len(palette) // 3 - 1, palette.hex().encode()), 1
        # How transparent a pixel is does not matter to a reader of symbols: the function drops it.
        case 4:
            return b"[/DeviceN [/Grey /Alpha] /DeviceGray 5 0 R]", 2
        case 6:
            return b"[/DeviceN [/Red /Green /Blue /Alpha] /DeviceRGB 5 0 R]", 4
        case _:
            raise PictureRefused("scan-unreadable")


def _page(width: int, height: int, image: bytes, data: bytes) -> bytes:
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise PictureRefused("scan-too-large" if width and height else "scan-unreadable")
    if width * height > MAX_PICTURE_PIXELS:
        raise PictureRefused("scan-too-large")
    box = b"%.2f %.2f" % (width * POINTS_PER_PIXEL, height * POINTS_PER_PIXEL)
    drawing = b"q %s 0 0 cm /Picture Do Q" % box.replace(b" ", b" 0 0 ")
    components = 4 if b"/Red" in image else 2
    function = b"{pop}"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %s] /Contents 4 0 R "
        b"/Resources << /XObject << /Picture 6 0 R >> >> >>" % box,
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawing), drawing),
        b"<< /FunctionType 4 /Domain [%s] /Range [%s] /Length %d >>\nstream\n%s\nendstream"
        % (b"0 1 " * components, b"0 1 " * (components - 1), len(function), function),
        b"<< /Type /XObject /Subtype /Image /Width %d /Height %d %s /Length %d >>\nstream\n%s\nendstream"
        % (width, height, image, len(data), data),
    ]
    return _file(objects)


def _file(objects: list[bytes]) -> bytes:
    parts, offsets, at = [b"%PDF-1.7\n"], [], 9
    for number, content in enumerate(objects, 1):
        offsets.append(at)
        parts.append(b"%d 0 obj\n%s\nendobj\n" % (number, content))
        at += len(parts[-1])
    rows = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    parts.append(b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, rows))
    parts.append(b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, at))
    return b"".join(parts)
