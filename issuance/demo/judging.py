"""Verifies what was delivered as a stranger would: with `wathiqa-verify`, and from the paper."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pypdfium2
import zxingcpp

PRINT_DPI = 150
_POINTS_PER_INCH = 72
_QR = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)


def judge(
    files: Sequence[Path], seals: Sequence[str], public: Path
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The auditors' verdict on each file and on each seal code, in one run of their command."""
    codes = [argument for text in seals for argument in ("--seal", text)]
    reports = _run([*map(str, files), *codes], public)
    return reports[: len(files)], reports[len(files) :]


def read_seal(pdf: bytes) -> str | None:
    """The text of the QR symbol, read off the pages as they would be printed at 150 dpi."""
    with pypdfium2.PdfDocument(pdf) as document:
        images = [page.render(scale=PRINT_DPI / _POINTS_PER_INCH).to_pil() for page in document]
    symbols = [symbol for image in images for symbol in zxingcpp.read_barcodes(image, formats=_QR)]
    return symbols[0].text if symbols else None


def _run(arguments: list[str], public: Path) -> list[dict[str, Any]]:
    command = [sys.executable, "-c", "from verify.app import main; main()"]
    finished = subprocess.run(  # noqa: S603  (our own command)
        [*command, *arguments, "--trust", str(public), "--json"], capture_output=True, check=False, text=True
    )
    if not finished.stdout:
        raise RuntimeError(f"wathiqa-verify: {finished.stderr.strip()}")
    return [json.loads(line) for line in finished.stdout.splitlines()]
