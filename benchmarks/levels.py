"""What each level of a seal costs: sealing, judging, renewing; and how long the files are.

The page is the rendered revision of a document that went the whole way. What the private keys take
(the agency's and the time-stamping authority's, with their log of uses) is told apart: that is custody's.
"""

from collections.abc import Callable

from benchmarks.desk import NotAsExpected, approved_requests, finish
from benchmarks.figures import Row, Table, median
from benchmarks.probes import Probe, Recorder, attached
from benchmarks.site import Site, opened
from issuance.app import Gate, Service
from keys.gates import GuardedSigner
from signing.formats.pades_level import Level
from signing.pades.sealer import Sealer
from verify.files.structure import sealed_octets

NAME = "levels"
WARM_UP, ROUNDS = 10, 60
KEYS, SEAL, VERDICT, RENEWAL = "keys", "seal", "verdict", "renewal"
PROBES = (
    Probe(stage=KEYS, owner=GuardedSigner, function="sign"),
    Probe(stage=SEAL, owner=Sealer, function="seal"),
    Probe(stage=VERDICT, owner=Gate, function="__call__"),
    Probe(stage=RENEWAL, owner=Sealer, function="renew"),
)
_END = b"%%EOF"


def measure(site: Site) -> Table:
    """Median milliseconds of processor time for each step, level by level."""
    recorder = Recorder()
    with attached(PROBES, recorder):
        service = opened(site.copy(NAME))
        (number,) = approved_requests(service, 1, site.step("paying a request"))
        finish(service, number)
        (stored,) = service.layout.documents.rglob("*.pdf")
        pdf = stored.read_bytes()
        page, gate = pdf[: pdf.index(_END) + len(_END)], Gate(service.layout.public)
        advance = site.step("sealing at every level")
        rows = []
        for done, level in enumerate(Level, start=1):
            rows.append(_row(service, gate, page, level, recorder))
            advance(done, len(Level))
    return Table(
        name=NAME,
        title=f"A seal, level by level (one document of {len(page) / 1000:.0f} KB, warm, one thread)",
        columns=("seal ms", "its keys ms", "verdict ms", "renew ms", "its keys ms ", "KB"),
        rows=tuple(rows),
        notes=(
            "Processor time, medians. What the keys take stands apart; renewed at once, B-LTA gains nothing.",
        ),
    )


def _row(service: Service, gate: Gate, page: bytes, level: Level, recorder: Recorder) -> Row:
    seal, clock = service.trust_services.seals()["civil-registry"].files, service.parts.clock
    sealed = seal.seal(page, at=clock(), level=level)
    if not gate(sealed, clock()).is_sound:
        raise NotAsExpected(f"a seal of level {level} is not passed")
    sealing = _spent(recorder, lambda: seal.seal(page, at=clock(), level=level), (SEAL, KEYS))
    (judging,) = _spent(recorder, lambda: gate(sealed, clock()), (VERDICT,))
    octets = sealed_octets(sealed)
    renewing = _spent(recorder, lambda: seal.renew(sealed, sealed_octets=octets, at=clock()), (RENEWAL, KEYS))
    return Row(label=f"PAdES-{level}", cells=(*sealing, judging, *renewing, len(sealed) / 1000))


def _spent(recorder: Recorder, do: Callable[[], object], stages: tuple[str, ...]) -> tuple[float, ...]:
    recorder.next_document()
    for _ in range(WARM_UP + ROUNDS):
        do()
        recorder.next_document()
    rounds = recorder.documents[-ROUNDS:]
    return tuple(
        median([each[stage].processor if stage in each else 0.0 for each in rounds]) for stage in stages
    )
