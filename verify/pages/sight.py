"""What can be seen of a file: the symbols on its pages, and whether two files look alike."""

from verify.pages.symbol_alone import symbol_alone
from verify.paper.drawing import Corner, DrawnFile, Undrawable, open_drawing
from verify.paper.symbols import Drawing, read_symbols

MAX_PAGES = 40
# Symbols are printed at 0.55 mm a module: here 3.2 pixels.
SYMBOL_DPI = 150
# Where our templates put the symbol: at the lower left edge of the last page, at most 69 mm square.
SYMBOL_CORNER = Corner(width=270, height=270)
SIGHT_DPI = 60
# Shades of 255 by which a pixel at that resolution may differ; a digit of another shape is more.
SIGHT_TOLERANCE = 56


def symbol_of_ours(rendered: bytes) -> tuple[str, ...]:
    """The symbols where a page of ours has one: enough where the page is known to the last octet.

    Raises:
        Undrawable: the page cannot be drawn.
    """
    alone = symbol_alone(rendered)
    for pdf in (rendered,) if alone is None else (alone, rendered):
        with open_drawing(pdf) as file:
            corner = file.draw(file.page_count - 1, dpi=SYMBOL_DPI, corner=SYMBOL_CORNER)
        if texts := read_symbols(corner):
            return texts
    return ()


def all_symbols(pdf: bytes) -> tuple[str, ...]:
    """The symbols of all pages, each text once.

    Raises:
        Undrawable: the pages cannot be drawn within the limits.
    """
    with open_drawing(pdf) as file:
        if not 0 < file.page_count <= MAX_PAGES:
            raise Undrawable("too many pages")
        drawings = (file.draw(index, dpi=SYMBOL_DPI) for index in range(file.page_count))
        return tuple(dict.fromkeys(text for drawing in drawings for text in read_symbols(drawing)))


def look_alike(first: bytes, second: bytes) -> bool:
    """Whether both files have the same text and, to the eye, the same drawing on each page.

    Raises:
        Undrawable: one of them cannot be drawn within the limits.
    """
    return _same(_seen(first), _seen(second))


def _seen(pdf: bytes) -> list[tuple[str, Drawing]]:
    with open_drawing(pdf) as file:
        if not 0 < file.page_count <= MAX_PAGES:
            raise Undrawable("too many pages")
        return [_page(file, index) for index in range(file.page_count)]


def _page(file: DrawnFile, index: int) -> tuple[str, Drawing]:
    return file.text(index), file.draw(index, dpi=SIGHT_DPI)


def _same(first: list[tuple[str, Drawing]], second: list[tuple[str, Drawing]]) -> bool:
    if len(first) != len(second):
        return False
    return all(
        text == other_text and _close(drawing, other)
        for (text, drawing), (other_text, other) in zip(first, second, strict=True)
    )


def _close(first: Drawing, second: Drawing) -> bool:
    if (first.width, first.height) != (second.width, second.height):
        return False
    if first.pixels == second.pixels:
        return True
    pairs = zip(first.pixels, second.pixels, strict=True)
    return all(abs(one - other) <= SIGHT_TOLERANCE for one, other in pairs)
