"""The table of attacks in the documentation: every attack, what is answered and why.

    python tests/attacks/attack_table.py       (as `make attacks` does)

judges every attack anew, writes `docs/attacks.md` and ends with 1 where an answer is not the required one.
"""

import sys
from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path
from typing import TypeAlias

# Test folders are not packages; run as a command, this finds its neighbours by itself.
sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "sealing"))
sys.path.insert(0, str(Path(__file__).parent))

from attack_catalogue import ALL
from attack_register import REFERENCES, Attack, because
from attack_scene import Scene

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "docs" / "attacks.md"
Answer: TypeAlias = tuple[str, str]

_HEAD = """# Attacks on our own documents

Every attack here is made anew by `tests/attacks/`, from a genuine document of ours, and judged by the
verifier; `make attacks` writes this file, and the tests compare it. {count} attacks in {families} families;
accepted: {accepted}.

The verdict is one of *not genuine*, *not in force* and *undecided* (exit statuses 1, 1 and 2 of
`wathiqa-verify`, see [verification.md](verification.md)). "Decided by" names the check as `--json` does,
with ETSI's sub-indication where the signature did not pass, or the reason where a seal code alone was judged.
An attack that reaches *undecided* took a proof away and gained nothing: nobody may rely on such a document.
"Refused", "not there" and the names of bundles mean that nothing was judged at all (exit status 3).

That they are attacks and no rubbish, another maker's program shows: `pdfsig` calls the signature valid in
more than half of the attacked files (`make interop`).

An insider is somebody whose file our own service seals. All others have genuine documents, their own keys,
and time.
"""


def write_table(answers: Mapping[str, Answer]) -> str:
    """The page, from each attack's answer."""
    families = [(family, list(attacks)) for family, attacks in groupby(ALL, key=lambda each: each.family)]
    accepted = sum(answers[key(each)][0] == "genuine" for each in ALL)
    parts = [_HEAD.format(count=len(ALL), families=len(families), accepted=accepted)]
    for family, attacks in families:
        parts.append(f"## {family}\n\n" + "\n".join(_rows(attacks, answers)) + "\n")
    cited = [f"{source} {REFERENCES[source]}." for source in REFERENCES]
    parts.append("## Sources\n\n" + "\n\n".join(cited) + "\n")
    return "\n".join(parts)


def _rows(attacks: Iterable[Attack], answers: Mapping[str, Answer]) -> Iterable[str]:
    yield "| Attack | What is done | Source | Verdict | Decided by |"
    yield "|---|---|---|---|---|"
    for story, group in groupby(attacks, key=lambda each: each.story):
        for index, each in enumerate(group):
            verdict, reason = answers[key(each)]
            told = story if index == 0 else "the same"
            yield f"| {each.name} | {told} | {each.source} | {verdict} | {reason} |"


def key(attack: Attack) -> str:
    return f"{attack.family} · {attack.name}"


def required() -> dict[str, Answer]:
    """What every attack must come to."""
    return {key(each): _answer(each.verdict, each.because) for each in ALL}


def judged(scene: Scene) -> dict[str, Answer]:
    """What every attack comes to."""
    reports = ((key(each), each.judge(scene)) for each in ALL)
    return {name: _answer(report.verdict, because(report)) for name, report in reports}


def _answer(verdict: str, reason: str) -> Answer:
    return str(verdict).replace("-", " "), f"`{reason}`"


def main() -> int:
    answers, expected = judged(Scene()), required()
    TABLE.write_text(write_table(answers), encoding="utf-8")
    wrong = [name for name, answer in answers.items() if answer != expected[name]]
    for name in wrong:
        sys.stdout.write(f"{name}: {answers[name]}, required: {expected[name]}\n")
    sys.stdout.write(
        f"{len(answers)} attacks written to {TABLE.relative_to(ROOT)}; {len(wrong)} not as required\n"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
