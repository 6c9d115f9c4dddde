"""Incremental updates behind a sealed file, as every editor writes them."""

from collections.abc import Callable
from io import BytesIO

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

Change = Callable[[IncrementalPdfFileWriter], None]
FORGED_PAGE = b"BT /f0 24 Tf 72 700 Td <00010002> Tj ET"


def updated(pdf: bytes, change: Change) -> bytes:
    """The file with one more revision."""
    writer = IncrementalPdfFileWriter(BytesIO(pdf), strict=False)
    change(writer)
    output = BytesIO()
    writer.write(output)
    return output.getvalue()


def show_another_page(writer: IncrementalPdfFileWriter) -> None:
    shown = writer.root["/Pages"]["/Kids"][0]
    shown["/Contents"] = writer.add_object(generic.StreamObject(stream_data=FORGED_PAGE))
    writer.update_container(shown)


def exchange_record(writer: IncrementalPdfFileWriter) -> None:
    specification = writer.root["/Names"]["/EmbeddedFiles"]["/Names"][1]
    content = generic.StreamObject(stream_data=b'{"kind":"birth"}')
    specification["/EF"][pdf_name("/F")] = writer.add_object(content)
    writer.update_container(specification)


def empty_store(writer: IncrementalPdfFileWriter) -> None:
    writer.root["/DSS"] = writer.add_object(generic.DictionaryObject())
    writer.update_root()


def add_script(writer: IncrementalPdfFileWriter) -> None:
    action = {pdf_name("/S"): pdf_name("/JavaScript"), pdf_name("/JS"): generic.TextStringObject("1")}
    writer.root["/OpenAction"] = generic.DictionaryObject(action)
    writer.update_root()


def add_text_field(writer: IncrementalPdfFileWriter) -> None:
    fields = writer.root["/AcroForm"]
    field = {pdf_name("/FT"): pdf_name("/Tx"), pdf_name("/T"): generic.TextStringObject("x")}
    fields["/Fields"].append(writer.add_object(generic.DictionaryObject(field)))
    writer.update_container(fields)


def change_nothing(writer: IncrementalPdfFileWriter) -> None:
    writer.update_root()


CHANGES: tuple[Change, ...] = (
    show_another_page,
    exchange_record,
    empty_store,
    add_script,
    add_text_field,
    change_nothing,
)
