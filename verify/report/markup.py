"""Elements of HTML and XML, escaped by construction.

Text becomes markup in `element` and nowhere else: whatever is not `Markup` already is escaped, and
nothing in it acts (`plain.py`). So nobody who writes a report can forget to escape a file's name.
"""

from html import escape

from verify.report.plain import plain

_VOID = frozenset({"meta", "br"})


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


def element(name: str, /, *children: str | Markup | None, **attributes: str | None) -> Markup:
    """The element `name` around its children; None stands for nothing.

    A trailing underscore of an attribute's name is dropped (`class_`), others become hyphens; a double
    one becomes a colon (`xml__lang`).
    """
    said = "".join(
        f' {_attribute_name(key)}="{_escaped(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in _VOID:
        return Markup(f"<{name}{said}>")
    return Markup(f"<{name}{said}>{together(*children)}</{name}>")


def together(*children: str | Markup | None) -> Markup:
    """Siblings, one behind the other."""
    return Markup("".join(_escaped(each) for each in children if each is not None))


def _escaped(child: str | Markup) -> str:
    return child if isinstance(child, Markup) else escape(plain(child), quote=True)


def _attribute_name(key: str) -> str:
    return key.rstrip("_").replace("__", ":").replace("_", "-")
