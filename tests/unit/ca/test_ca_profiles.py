"""One violation for each row of the profile table, each of them refused."""

import sys
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtensionOID
from hypothesis import given, settings
from hypothesis import strategies as st

from ca.errors import LinterRefuses, ProfileViolation
from ca.lint import lint_certificate
from ca.profiles import PROFILES, ProfileName
from ca.second_opinion import (
    ACCEPTED,
    find_in_certificate,
    require_good_certificate,
    require_good_crl,
    require_good_ocsp_response,
)

sys.path.insert(0, str(Path(__file__).parent))
from authority_by_hand import der, good, issuer_of, parts
from profile_violations import URI, Change, violations

# The library warns of what it reads before we refuse it.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Attribute's length"),
    pytest.mark.filterwarnings("ignore:Parsed a serial number which wasn't positive"),
]
VIOLATIONS = [
    pytest.param(profile, change, id=f"{profile.value}: {name}")
    for profile in ProfileName
    for name, change in violations(profile)
]


def _as_a_root(draft: bytes) -> None:
    require_good_certificate(draft, ProfileName.ROOT, issuer=None)


def lint(certificate: x509.Certificate, profile: ProfileName) -> None:
    issuer = None if profile is ProfileName.ROOT else issuer_of(profile).certificate
    lint_certificate(certificate, PROFILES[profile], issuer=issuer)


@pytest.mark.parametrize(("profile", "change"), VIOLATIONS)
def test_what_breaks_a_row_is_refused(profile: ProfileName, change: Change) -> None:
    certificate = change(parts(profile))

    with pytest.raises(ProfileViolation):
        lint(certificate, profile)


@pytest.mark.parametrize("profile", ProfileName)
def test_what_is_taken_apart_and_put_together_again_is_good(profile: ProfileName) -> None:
    """Else the test above would prove nothing."""
    certificates = (parts(profile).made(), good(profile))
    for certificate in certificates:
        lint(certificate, profile)
    assert len({tuple(each.extensions) for each in certificates}) == 1


@pytest.mark.parametrize("profile", ProfileName)
def test_no_certificate_of_one_profile_passes_for_another(profile: ProfileName) -> None:
    for other in set(ProfileName) - {profile}:
        with pytest.raises(ProfileViolation):
            lint(good(profile), other)


@pytest.mark.parametrize("profile", ProfileName)
def test_another_makers_linter_finds_nothing_but_what_is_listed(profile: ProfileName) -> None:
    issuer = None if profile is ProfileName.ROOT else issuer_of(profile).certificate
    above = None if issuer is None else der(issuer)
    serious = {
        each.code
        for each in find_in_certificate(der(good(profile)), profile, issuer=above)
        if each.is_serious
    }

    assert serious <= {each.code for each in ACCEPTED if profile in each.profiles}
    if profile is ProfileName.ROOT:
        assert serious == set(), "what is accepted is about its draft alone"


@pytest.mark.parametrize("profile", [ProfileName.SEAL, ProfileName.OFFICER])
def test_a_domain_that_is_not_public_is_refused_unless_it_is_kept_for_examples(profile: ProfileName) -> None:
    made = parts(profile)
    number = next(
        n for n, (value, _) in enumerate(made.extensions) if isinstance(value, x509.CRLDistributionPoints)
    )
    for host, accepted in (("pki.example", True), ("pki.ministry.internal", False), ("intranet", False)):
        point = x509.DistributionPoint([URI(f"http://{host}/a.crl")], None, None, None)
        made.extensions[number] = (x509.CRLDistributionPoints([point]), False)
        issuer = issuer_of(profile).certificate
        assert issuer is not None
        draft = der(made.made())
        if accepted:
            require_good_certificate(draft, profile, issuer=der(issuer))
        else:
            with pytest.raises(LinterRefuses, match="internal_domain_name"):
                require_good_certificate(draft, profile, issuer=der(issuer))


@pytest.mark.parametrize("serial", [0, -1, -(1 << 100), 1 << 159, 1 << 160])
def test_a_serial_number_out_of_bounds_is_refused_by_whoever_sees_it_first(serial: int) -> None:
    """RFC 5280 §4.1.2.2: positive, at most 20 octets."""
    raw = asn1.Certificate.load(der(good(ProfileName.SEAL)))
    raw["tbs_certificate"]["serial_number"] = serial

    with pytest.raises((ProfileViolation, ValueError)):
        lint(x509.load_der_x509_certificate(raw.dump(force=True)), ProfileName.SEAL)


def test_a_point_that_is_not_on_its_curve_is_refused() -> None:
    """SEC 1 §3.2.2: else signatures under it prove nothing."""
    numbers = ec.generate_private_key(ec.SECP256R1()).public_key().public_numbers()
    with pytest.raises(ValueError, match="not on the curve"):
        ec.EllipticCurvePublicNumbers(numbers.x, numbers.y ^ 1, numbers.curve).public_key()

    raw = asn1.Certificate.load(der(good(ProfileName.SEAL)))
    key = raw["tbs_certificate"]["subject_public_key_info"]["public_key"]
    point = bytes(key)
    raw["tbs_certificate"]["subject_public_key_info"]["public_key"] = point[:-1] + bytes((point[-1] ^ 1,))
    with pytest.raises(ProfileViolation, match="encoding"):
        lint(x509.load_der_x509_certificate(raw.dump(force=True)), ProfileName.SEAL)


@pytest.mark.parametrize("judge", [require_good_crl, require_good_ocsp_response, _as_a_root])
@pytest.mark.parametrize("draft", [b"", b"no DER", b"\x30\x80", b"\x30\x03\x02\x01\x05"])
def test_a_linter_that_stumbles_refuses(judge: Callable[[bytes], None], draft: bytes) -> None:
    with pytest.raises(LinterRefuses):
        judge(draft)


@settings(deadline=None, max_examples=150)
@given(data=st.data(), profile=st.sampled_from(ProfileName))
def test_a_certificate_with_wrong_octets_is_refused_with_a_sentence_or_says_the_same(
    data: st.DataObject, profile: ProfileName
) -> None:
    """No other error than ours comes out, whatever stands in it; what passes differs in a free value only."""
    whole = good(profile)
    draft, tbs = der(whole), whole.tbs_certificate_bytes
    at = draft.index(tbs) + data.draw(st.integers(0, len(tbs) - 1))
    octet = data.draw(st.integers(0, 255).filter(lambda octet: octet != draft[at]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            changed = x509.load_der_x509_certificate(draft[:at] + bytes((octet,)) + draft[at + 1 :])
            lint(changed, profile)
        except (ValueError, x509.InvalidVersion, ProfileViolation):
            return
    said = _extensions(changed)
    free = {ExtensionOID.CRL_DISTRIBUTION_POINTS, ExtensionOID.AUTHORITY_INFORMATION_ACCESS}
    assert {oid for oid, each in said.items() if each != _extensions(whole)[oid]} <= free
    assert changed.public_key() == whole.public_key()
    assert changed.issuer == whole.issuer


def _extensions(
    certificate: x509.Certificate,
) -> dict[x509.ObjectIdentifier, tuple[bool, x509.ExtensionType]]:
    return {each.oid: (each.critical, each.value) for each in certificate.extensions}


def test_each_row_has_a_name_and_words() -> None:
    for profile in PROFILES.values():
        names = [rule.name for rule in profile.extensions]
        assert len(set(names)) == len(names)
        assert len({rule.identifier for rule in profile.extensions}) == len(names)
        assert all(str(rule.content) for rule in profile.extensions)
        assert replace(profile) == profile
