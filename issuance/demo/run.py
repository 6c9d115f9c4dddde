"""The main job: one document of every kind, asked for, paid, sealed, delivered and verified.

demo/documents/*.pdf   what the applicants received
demo/public/           all that a verifier needs
demo/summary.json      per document: number, kind, file, QR text, verdict, milliseconds per stage
"""

import json
import secrets
import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

from issuance.app import compose
from issuance.demo.judging import judge, read_seal
from issuance.demo.people import CLERK, OFFICER, Scene, choose_scenes, hire
from issuance.demo.play import Delivered, Stage
from issuance.demo.summary import Line
from issuance.demo.table import print_table
from issuance.installation import initialise
from issuance.serving import free_address, sandbox_provider, serving, working
from issuance.settings import Layout, Settings, load_settings

MARKER = ".wathiqa-demo"
UNREADABLE = "unreadable"


class NotADemonstration(Exception):
    """The directory holds something else; the demonstration does not overwrite it."""


def run_demo(root: Path, console: Console) -> int:
    """Play the demonstration in `root`; 0 only if every verdict was as expected.

    Raises:
        NotADemonstration: `root` exists and is not ours to clear.
        SceneFailed, NotStarted: something did not go as it must.
    """
    layout = _cleared(root)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        delivered = _play(layout, progress)
        lines = _judge(layout, delivered, progress)
    summary = {"documents": [line.to_json() for line in lines]}
    text = json.dumps(summary, ensure_ascii=False, indent=2) + "\n"
    (root / "summary.json").write_text(text, encoding="utf-8")
    print_table(console, lines, root)
    return 0 if all(line.as_expected for line in lines) else 1


def _cleared(root: Path) -> Layout:
    """An empty directory that is ours."""
    if root.exists() and any(root.iterdir()) and not (root / MARKER).exists():
        raise NotADemonstration(f"{root} is not empty and was not made by the demonstration; choose another")
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    (root / MARKER).touch()
    return Layout(root=root)


def _play(layout: Layout, progress: Progress) -> list[Delivered]:
    inventing = progress.add_task("Inventing 20,000 persons", total=20_000)
    initialise(
        layout,
        Settings(),
        passphrase_in_file=True,
        progress=lambda made, total: progress.update(inventing, completed=made, total=total),
    ).close()
    web, provider = free_address(), free_address()
    settings = replace(load_settings(layout), public_address=web.url, payment_address=provider.url)
    passwords = {login: secrets.token_urlsafe(18) for login in (CLERK, OFFICER)}
    service = compose(layout, settings)
    hire(service, passwords)
    webhooks_to = f"{web.url}/webhooks/payments/{settings.payment_provider}"
    with ExitStack() as running:
        running.callback(service.close)
        # At the end: who takes the trust bundle along has the statuses of all these documents.
        running.callback(service.publish)
        running.enter_context(working(service, executor_id="demo"))
        running.enter_context(serving(service, web))
        running.enter_context(sandbox_provider(layout, provider, webhooks_to=webhooks_to))
        stage = Stage(
            service_url=web.url,
            provider_url=provider.url,
            provider_key=layout.payment_key.read_text(encoding="utf-8").strip(),
            outbox=layout.outbox,
            passwords=passwords,
        )
        running.callback(stage.close)
        return _play_scenes(stage, choose_scenes(service), progress)


def _play_scenes(stage: Stage, scenes: Sequence[Scene], progress: Progress) -> list[Delivered]:
    asking = progress.add_task("Asking and paying", total=len(scenes))
    numbers = []
    for scene in scenes:
        numbers.append(stage.begin(scene))
        progress.advance(asking)
    delivering = progress.add_task("Sealing and delivering", total=len(scenes))
    delivered = []
    for scene, number in zip(scenes, numbers, strict=True):
        stage.approve_if_asked(scene, number)
        delivered.append(stage.finish(scene, number))
        progress.advance(delivering)
    return delivered


def _judge(layout: Layout, delivered: Sequence[Delivered], progress: Progress) -> list[Line]:
    judging = progress.add_task("Verifying files and paper", total=len(delivered))
    files = [_save(layout.root / "documents", each) for each in delivered]
    texts = []
    for each in delivered:
        texts.append(read_seal(each.pdf))
        progress.advance(judging)
    readable = [text for text in texts if text is not None]
    of_files, of_seals = judge(files, readable, layout.public)
    seals = dict(zip(readable, of_seals, strict=True))
    return [
        Line(
            delivered=each,
            file=file,
            qr_text=text,
            verdict=report["verdict"],
            seal_verdict=seals[text]["verdict"] if text is not None else UNREADABLE,
        )
        for each, file, text, report in zip(delivered, files, texts, of_files, strict=True)
    ]


def _save(directory: Path, delivered: Delivered) -> Path:
    directory.mkdir(exist_ok=True)
    file = directory / f"{delivered.scene.kind}-{delivered.number}.pdf"
    file.write_bytes(delivered.pdf)
    return file
