"""A compiler that panics has composed nothing: a failure of that page, and of no other."""

from typing import Any

import pytest
import typst

from signing.rendering.composer import Composer
from signing.rendering.errors import TemplateFailed
from signing.rendering.symbol import SealSymbol
from signing.rendering.template_set import packaged_set

from .conftest import AT, Embedded

PanicException = type("PanicException", (BaseException,), {})  # pyo3 derives its own from BaseException too


class Stopping:
    def __init__(self, with_: BaseException) -> None:
        self._with = with_

    def compile(self, *_: Any, **__: Any) -> bytes:
        raise self._with


def composer_stopped_by(error: BaseException) -> Composer:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typst, "Compiler", lambda **_: Stopping(error))
        return Composer(packaged_set())


def test_a_panic_is_a_failed_page_and_the_next_one_is_composed(embedded: Embedded, seal: SealSymbol) -> None:
    composer = composer_stopped_by(PanicException("called `Option::unwrap()` on a `None` value"))
    with pytest.raises(TemplateFailed) as refused:
        composer.compose(embedded("birth"), seal, at=AT)
    assert "panicked" in refused.value.diagnostic
    assert composer.compose(embedded("birth"), seal, at=AT).startswith(b"%PDF-1.7")


def test_an_interruption_is_not_a_failed_page(embedded: Embedded, seal: SealSymbol) -> None:
    with pytest.raises(KeyboardInterrupt):
        composer_stopped_by(KeyboardInterrupt()).compose(embedded("birth"), seal, at=AT)
