"""Values to plain JSON and back, by their types: what crosses the border between processes.

A judging process may have been taken over by the file it judged. So nothing that it
sends is unpickled: it is JSON of bounded length, and each part must have exactly the
type that the value's class declares, or nothing of it counts.
"""

import base64
import dataclasses
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, NoReturn, TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints

_T = TypeVar("_T")
NOTHING: frozenset[str] = frozenset()
Plain: TypeAlias = "str | int | bool | list[Plain] | dict[str, Plain] | None"


class NotPlain(ValueError):
    """Not what a judge answers."""


def encode_plain(value: object, *, without: frozenset[str] = NOTHING) -> bytes:
    """As JSON; of the fields of a dataclass, `without` are left out.

    Raises:
        TypeError: it holds what has no plain form.
    """
    plain = to_plain(value) if not without else _fields(value, without)
    return json.dumps(plain, allow_nan=False, separators=(",", ":")).encode()


def parse_plain(type_: type[_T], data: bytes, *, without: frozenset[str] = NOTHING) -> _T:
    """From JSON, exactly as `type_` declares it; the fields `without` have their defaults.

    Raises:
        NotPlain: anything else.
    """
    try:
        plain = json.loads(data, parse_float=_refuse, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise NotPlain("no JSON") from error
    kind: Any = type_
    value: _T = (_dataclass(kind, without) if without else _reader(kind))(plain)
    return value


def to_plain(value: object) -> Plain:
    """Dataclasses by their fields, enumerations by their values, instants by ISO 8601, octets in base 64.

    Raises:
        TypeError: it holds what has no plain form.
    """
    match value:
        case Enum():
            return to_plain(value.value)
        case None | bool() | int() | str():
            return value
        case datetime():
            return value.isoformat()
        case bytes():
            return base64.b64encode(value).decode("ascii")
        case _:
            return _composed(value)


def _composed(value: object) -> Plain:
    match value:
        case tuple() | list():
            return [to_plain(each) for each in value]
        case frozenset():
            return sorted((to_plain(each) for each in value), key=str)
        case Mapping():
            return {str(key): to_plain(each) for key, each in value.items()}
        case _ if dataclasses.is_dataclass(value):
            return _fields(value, NOTHING)
        case _:
            raise TypeError(f"{type(value).__name__} has no plain form")


def _fields(value: Any, without: frozenset[str]) -> Plain:  # noqa: ANN401  (any dataclass)
    names = [field.name for field in dataclasses.fields(value) if field.init and field.name not in without]
    return {name: to_plain(getattr(value, name)) for name in names}


@cache
def _reader(type_: Any) -> Callable[[object], Any]:  # noqa: ANN401  (as above)
    if get_origin(type_) is not None:
        return _composite(get_origin(type_), get_args(type_))
    if hasattr(type_, "__dataclass_fields__"):
        return _dataclass(type_, NOTHING)
    if isinstance(type_, type) and issubclass(type_, Enum):
        return _enum(type_)
    if type_ in _SPELT:
        return _SPELT[type_]
    if type_ in (str, int, bool, NoneType):
        return _exactly(type_)
    raise TypeError(f"{type_} has no plain form")


def _composite(origin: Any, members: tuple[Any, ...]) -> Callable[[object], Any]:  # noqa: ANN401  (as above)
    if origin in (Union, UnionType):
        return _union(members)
    if origin is tuple:
        return _tuple(members)
    if origin is frozenset:
        return _frozenset(*members)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _mapping(*members)
    raise TypeError(f"{origin} has no plain form")


def _exactly(type_: type) -> Callable[[object], Any]:
    def read(plain: object) -> object:
        return plain if type(plain) is type_ else _refuse(plain)

    return read


def _instant(plain: object) -> datetime:
    try:
        at = datetime.fromisoformat(_text(plain))
    except ValueError as error:
        raise NotPlain("not an instant") from error
    return at if at.tzinfo is not None else _refuse(plain)


def _octets(plain: object) -> bytes:
    try:
        return base64.b64decode(_text(plain), validate=True)
    except ValueError as error:
        raise NotPlain("not octets") from error


def _enum(type_: type[Enum]) -> Callable[[object], Any]:
    def read(plain: object) -> Enum:
        if isinstance(plain, bool) or not isinstance(plain, str | int):
            _refuse(plain)
        try:
            return type_(plain)
        except ValueError as error:
            raise NotPlain(f"no {type_.__name__}") from error

    return read


def _union(members: tuple[Any, ...]) -> Callable[[object], Any]:
    readers = [_reader(each) for each in members]

    def read(plain: object) -> object:
        for reader in readers:
            try:
                return reader(plain)
            except NotPlain:
                continue
        return _refuse(plain)

    return read


def _tuple(members: tuple[Any, ...]) -> Callable[[object], Any]:
    is_open = len(members) == 2 and members[1] is ...  # noqa: PLR2004  (tuple[X, ...])
    readers = [_reader(each) for each in members if each is not ...]

    def read(plain: object) -> tuple[Any, ...]:
        parts = _list(plain)
        if is_open:
            return tuple(readers[0](each) for each in parts)
        if len(parts) != len(readers):
            _refuse(plain)
        return tuple(reader(each) for reader, each in zip(readers, parts, strict=True))

    return read


def _frozenset(member: Any) -> Callable[[object], Any]:  # noqa: ANN401  (as above)
    reader = _reader(member)
    return lambda plain: frozenset(reader(each) for each in _list(plain))


def _mapping(key: Any, value: Any) -> Callable[[object], Any]:  # noqa: ANN401  (as above)
    if key is not str:
        raise TypeError("only texts are keys in JSON")
    reader = _reader(value)
    return lambda plain: {name: reader(each) for name, each in _dict(plain).items()}


@cache
def _dataclass(type_: Any, without: frozenset[str]) -> Callable[[object], Any]:  # noqa: ANN401  (as above)
    hints = get_type_hints(type_)
    names = [field.name for field in dataclasses.fields(type_) if field.init and field.name not in without]
    readers = {name: _reader(hints[name]) for name in names}

    def read(plain: object) -> object:
        parts = _dict(plain)
        if parts.keys() != readers.keys():
            _refuse(plain)
        return type_(**{name: readers[name](each) for name, each in parts.items()})

    return read


def _text(plain: object) -> str:
    return plain if isinstance(plain, str) else _refuse(plain)


def _list(plain: object) -> list[Any]:
    return plain if isinstance(plain, list) else _refuse(plain)


def _dict(plain: object) -> dict[str, Any]:
    return plain if isinstance(plain, dict) else _refuse(plain)


def _refuse(plain: object) -> NoReturn:
    raise NotPlain(f"an unexpected {type(plain).__name__}")


_SPELT: Mapping[Any, Callable[[object], Any]] = {datetime: _instant, bytes: _octets}
