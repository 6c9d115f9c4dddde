"""The results of the last ceremony with a root, as the next one opens them."""

from dataclasses import dataclass
from pathlib import Path

from ca.ceremony.bundle import CONTENTS, Bundle, read_bundle
from ca.ceremony.errors import PlanRefused
from ca.ceremony.plan import Plan
from ca.ceremony.results import read_result, sha256
from ca.ceremony.root_key import FILE_NAME, RECORD_NAME, Custody, parse_custody
from ca.csr import key_kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """A root with its key file, its custodians, and all that it ever signed."""

    bundle: Bundle
    custody: Custody
    key_file: bytes

    def require_stated(self, plan: Plan) -> None:
        """Assert that this is what the plan says it opens.

        Raises:
            PlanRefused: another root or bundle, other custodians or another threshold.
        """
        stated = plan.root.earlier
        root = self.bundle.root
        for field, holds in (
            (
                "root.certificate-sha256",
                stated is not None and stated.certificate_sha256 == sha256(self.bundle.certificates[0].der),
            ),
            # Nobody signs the list of contents; people signed a transcript that states its digest.
            (
                "root.earlier-bundle-sha256",
                stated is not None and stated.bundle_sha256 == sha256(self.bundle.files()[CONTENTS]),
            ),
            ("root.subject", plan.root.subject.name() == root.subject),
            ("root.algorithm", plan.root.algorithm.value == key_kind(root.public_key())),
            ("custody.custodians", plan.custodians == self.custody.custodians),
            ("custody.threshold", plan.threshold == self.custody.threshold),
        ):
            if not holds:
                raise PlanRefused(field=field, rule="as the last ceremony with this root left it")


def load_earlier(plan: Plan) -> Earlier | None:
    """What the plan opens, None where it makes its own root.

    Raises:
        ResultsRefused: a file is missing or is not one that a ceremony wrote.
        PlanRefused: see `Earlier.require_stated`.
    """
    if plan.root.earlier is None:
        return None
    folder: Path = plan.root.earlier.results
    earlier = Earlier(
        bundle=read_bundle(folder),
        custody=parse_custody(read_result(folder, RECORD_NAME)),
        key_file=read_result(folder, FILE_NAME),
    )
    earlier.require_stated(plan)
    return earlier
