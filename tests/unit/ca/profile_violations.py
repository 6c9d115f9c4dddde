"""For each row of the profile table a certificate that breaks it, and little else."""

from collections.abc import Callable, Iterator
from typing import Any

from asn1crypto import x509 as asn1
from authority_by_hand import SECOND, Parts, der, issuer_of
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, ExtensionOID, NameOID

from ca.extension_rules import (
    USAGES,
    Addresses,
    Authority,
    ExtensionRule,
    IssuerKey,
    ListAddress,
    NoCheck,
    Policy,
    SubjectKey,
    Usages,
    Uses,
)
from ca.key_rules import KeyKind
from ca.profiles import PROFILES, ProfileName
from ca.subject_rules import SubjectRule
from ca.weak_keys import weakness_of

Change = Callable[[Parts], x509.Certificate]
EVERY_ATTRIBUTE = {
    NameOID.COUNTRY_NAME: "SY",
    NameOID.ORGANIZATION_NAME: "Agency",
    NameOID.ORGANIZATION_IDENTIFIER: "GO:SY-X",
    NameOID.ORGANIZATIONAL_UNIT_NAME: "Unit",
    NameOID.COMMON_NAME: "Name",
    NameOID.GIVEN_NAME: "Salma",
    NameOID.SURNAME: "Khatib",
    NameOID.PSEUDONYM: "S",
    NameOID.SERIAL_NUMBER: "OF:SY-1",
    NameOID.TITLE: "Head",
    NameOID.EMAIL_ADDRESS: "a@b.example",
    NameOID.DOMAIN_COMPONENT: "example",
    NameOID.LOCALITY_NAME: "Damascus",
    NameOID.POSTAL_CODE: "1",
}
FOREIGN_EXTENSIONS: dict[str, x509.ExtensionType] = {
    "a wildcard of names": x509.SubjectAlternativeName([x509.DNSName("*.wathiqa.example")]),
    "another name": x509.SubjectAlternativeName([x509.RFC822Name("a@b.example")]),
    "name constraints": x509.NameConstraints([x509.DNSName("example")], None),
    "policy constraints": x509.PolicyConstraints(0, None),
    "inhibitAnyPolicy": x509.InhibitAnyPolicy(0),
    "a freshest list": x509.FreshestCRL(
        [x509.DistributionPoint([x509.UniformResourceIdentifier("http://x.example/d")], None, None, None)]
    ),
    "an extension that nobody knows": x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\5\0"),
}
URI = x509.UniformResourceIdentifier


def attribute(rule: SubjectRule, value: str) -> list[x509.NameAttribute[Any]]:
    # As UTF8String whatever it is: a PrintableString could not hold every wrong value.
    return [x509.NameAttribute(rule.identifier, value, _ASN1Type.UTF8String, _validate=False)]


def subject_violations(profile: ProfileName) -> Iterator[tuple[str, Change]]:
    for number, rule in enumerate(PROFILES[profile].subject):

        def put(
            *values: str, number: int = number, rule: SubjectRule = rule
        ) -> Callable[[Parts], x509.Certificate]:
            def change(made: Parts) -> x509.Certificate:
                made.subject[number : number + 1] = [attribute(rule, value) for value in values]
                return made.made()

            return change

        fitting = EVERY_ATTRIBUTE[rule.identifier]
        yield f"no {rule.name}", put()
        yield f"{rule.name} twice", put(fitting, fitting)
        yield f"{rule.name} of {rule.longest + 1} characters", put((fitting * 99)[: rule.longest + 1])
        yield f"a blank {rule.name}", put(" ")
        yield f"{rule.name} with blanks around", put(f" {fitting}"[: rule.longest])
        yield f"a wildcard as {rule.name}", put("*")
        yield f"a wildcard in {rule.name}", put(f"{fitting[:-1]}*")
        if rule.form is None:
            yield f"{rule.name} that turns text around", put("a\u202eb")
            yield f"{rule.name} with a null", put("a\0b")
            yield f"{rule.name} that is not composed", put("e\u0301")
        else:
            yield f"{rule.name} of another form", put("?" * min(rule.longest, 5))
            yield f"{rule.name} in small letters", put(fitting.lower())
    known = {rule.identifier for rule in PROFILES[profile].subject}
    for identifier in EVERY_ATTRIBUTE.keys() - known:

        def add(made: Parts, identifier: x509.ObjectIdentifier = identifier) -> x509.Certificate:
            made.subject.append([x509.NameAttribute(identifier, EVERY_ATTRIBUTE[identifier])])
            return made.made()

        yield f"an attribute that is in no row: {identifier.dotted_string}", add

    def join(made: Parts) -> x509.Certificate:
        made.subject[-2:] = [[*made.subject[-2], *made.subject[-1]]]
        return made.made()

    yield "two attributes in one part of the name", join


def wrong(  # noqa: PLR0911  (one answer for each kind of row)
    rule: ExtensionRule,
) -> dict[str, x509.ExtensionType]:
    """Other contents than the row wants."""
    other_key = ec.generate_private_key(ec.SECP256R1()).public_key()
    match rule.content:
        case SubjectKey():
            return {"of another key": x509.SubjectKeyIdentifier.from_public_key(other_key)}
        case IssuerKey():
            another = x509.AuthorityKeyIdentifier.from_issuer_public_key(other_key)
            named = x509.AuthorityKeyIdentifier(b"1" * 20, [x509.DirectoryName(x509.Name([]))], 5)
            return {"of another issuer": another, "with name and number": named}
        case Authority(path_length=length):
            return {
                "of no authority": x509.BasicConstraints(ca=False, path_length=None),
                "with another path length": x509.BasicConstraints(ca=True, path_length=(length or 0) + 1),
            }
        case Usages(names=names):
            rows = {name: x509.KeyUsage(**_usages({*names} ^ {name})) for name in [*USAGES][:7]}
            return {
                f"{'without' if name in names else 'with'} {name}": value
                for name, value in rows.items()
                if {*names} ^ {name}
            }
        case Uses(identifiers=identifiers):
            more = x509.ExtendedKeyUsage([*identifiers, ExtendedKeyUsageOID.SERVER_AUTH])
            less = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE])
            return {"for servers too": more, "for anything": less}
        case Policy():
            other = x509.PolicyInformation(x509.ObjectIdentifier("1.2.3"), None)
            qualified = x509.PolicyInformation(x509.ObjectIdentifier(rule.content.identifier), ["http://x"])
            return {
                "of another kind": x509.CertificatePolicies([other]),
                "with a qualifier": x509.CertificatePolicies([qualified]),
            }
        case ListAddress():
            ftp = x509.DistributionPoint([URI("ftp://x.example/a")], None, None, None)
            some = x509.DistributionPoint(
                [URI("http://x.example/a")], None, frozenset({x509.ReasonFlags.key_compromise}), None
            )
            whole = x509.DistributionPoint([URI("http://x.example/a")], None, None, None)
            return {
                "by ftp": x509.CRLDistributionPoints([ftp]),
                "for some reasons": x509.CRLDistributionPoints([some]),
                "at two places": x509.CRLDistributionPoints([whole, whole]),
            }
        case Addresses(has_ocsp=has_ocsp):
            ocsp = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, URI("http://x.example"))
            issuers = x509.AccessDescription(
                AuthorityInformationAccessOID.CA_ISSUERS, URI("http://x.example/i")
            )
            ldap = x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, URI("ldap://x.example/i"))
            return {
                "the other way": x509.AuthorityInformationAccess([issuers] if has_ocsp else [ocsp, issuers]),
                "by ldap": x509.AuthorityInformationAccess([ocsp] * has_ocsp + [ldap]),
            }
        case NoCheck():
            return {}


def _usages(wanted: set[str]) -> dict[str, bool]:
    return {name: name in wanted for name in USAGES}


def extension_violations(profile: ProfileName) -> Iterator[tuple[str, Change]]:
    for number, rule in enumerate(PROFILES[profile].extensions):

        def put(
            *extensions: tuple[x509.ExtensionType, bool], number: int = number
        ) -> Callable[[Parts], x509.Certificate]:
            def change(made: Parts) -> x509.Certificate:
                made.extensions[number : number + 1] = extensions
                return made.made()

            return change

        def flip(made: Parts, number: int = number) -> x509.Certificate:
            value, critical = made.extensions[number]
            made.extensions[number] = (value, not critical)
            return made.made()

        def twice(made: Parts, number: int = number) -> x509.Certificate:
            raw = asn1.Certificate.load(der(made.made()))
            extensions = raw["tbs_certificate"]["extensions"]
            extensions.append(extensions[number].copy())
            return x509.load_der_x509_certificate(raw.dump(force=True))

        yield f"no {rule.name}", put()
        yield f"{rule.name} critical the other way", flip
        yield f"{rule.name} twice", twice
        for name, value in wrong(rule).items():
            yield f"{rule.name} {name}", put((value, rule.critical))


def foreign_violations(profile: ProfileName) -> Iterator[tuple[str, Change]]:
    known = {rule.identifier for rule in PROFILES[profile].extensions}
    for name, value in FOREIGN_EXTENSIONS.items():
        for critical in (True, False):

            def add(
                made: Parts, value: x509.ExtensionType = value, *, critical: bool = critical
            ) -> x509.Certificate:
                made.extensions.append((value, critical))
                return made.made()

            yield f"{name}, {'critical' if critical else 'not critical'}", add
    if ExtensionOID.BASIC_CONSTRAINTS not in known:

        def rise(made: Parts) -> x509.Certificate:
            made.extensions.append((x509.BasicConstraints(ca=True, path_length=None), True))
            return made.made()

        yield "an authority", rise


def key_violations(profile: ProfileName) -> Iterator[tuple[str, Change]]:
    keys: dict[str, Any] = {
        "Ed25519": lambda: ed25519.Ed25519PrivateKey.generate().public_key(),
        "P-521": lambda: ec.generate_private_key(ec.SECP521R1()).public_key(),
        "P-224": lambda: ec.generate_private_key(ec.SECP224R1()).public_key(),
        "secp256k1": lambda: ec.generate_private_key(ec.SECP256K1()).public_key(),
        "RSA of 2048 bits": lambda: rsa.generate_private_key(65537, 2048).public_key(),
        "RSA of 3064 bits": lambda: rsa.RSAPublicNumbers(65537, (1 << 3063) + 1).public_key(),
        "RSA of 4104 bits": lambda: rsa.RSAPublicNumbers(65537, (1 << 4103) + 1).public_key(),
        "RSA with the exponent 3": lambda: rsa.RSAPublicNumbers(3, (1 << 3071) + 1).public_key(),
        "RSA with a small factor": lambda: rsa.RSAPublicNumbers(65537, 3 * (1 << 3070) + 3).public_key(),
        "RSA with close primes": lambda: rsa.RSAPublicNumbers(65537, _close()).public_key(),
        "an RSA key of Infineon's (ROCA)": lambda: rsa.RSAPublicNumbers(65537, _roca()).public_key(),
    }
    allowed = PROFILES[profile].keys
    if KeyKind.P256 not in allowed:
        keys["P-256"] = lambda: ec.generate_private_key(ec.SECP256R1()).public_key()
    if KeyKind.P384 not in allowed:
        keys["P-384"] = lambda: ec.generate_private_key(ec.SECP384R1()).public_key()
    if KeyKind.RSA not in allowed:
        keys["RSA of 3072 bits"] = lambda: rsa.generate_private_key(65537, 3072).public_key()
    for name, key in keys.items():

        def change(made: Parts, key: Any = key) -> x509.Certificate:
            made.public_key = key()
            made.extensions[0] = (x509.SubjectKeyIdentifier.from_public_key(made.public_key), False)
            return made.made()

        yield name, change


def _close() -> int:
    """The square of a number, nearly: two factors that differ by 2."""
    half = (1 << 1535) + (1 << 1534) + 1
    return half * (half + 2) if (half * (half + 2)).bit_length() == 3072 else half * half


def _roca() -> int:
    """A number that is a power of 65537 modulo every prime up to 167, and has no small factor."""
    product = 1
    for n in range(2, 168):
        if all(n % d for d in range(2, n)):
            product *= n
    rest = pow(65537, 5, product)
    lifted = rest + product * ((1 << 3071) // product + 1)
    while weakness_of(lifted) != "ROCA":
        lifted += product
    return lifted


def other_violations(profile: ProfileName) -> Iterator[tuple[str, Change]]:
    def longer(made: Parts) -> x509.Certificate:
        made.not_after = made.not_before + PROFILES[profile].lifetime + SECOND
        return made.made()

    def no_time(made: Parts) -> x509.Certificate:
        made.not_after = made.not_before
        return made.made()

    def another_issuer(made: Parts) -> x509.Certificate:
        made.issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Somebody")])
        return made.made()

    def first_version(made: Parts) -> x509.Certificate:
        raw = asn1.Certificate.load(der(made.made()))
        raw["tbs_certificate"]["version"] = "v1"
        return x509.load_der_x509_certificate(raw.dump(force=True))

    yield "longer than its profile lets it", longer
    yield "no time at all", no_time
    yield "issued by another name", another_issuer
    yield "version 1", first_version
    if profile is not ProfileName.ROOT:

        def before_issuer(made: Parts) -> x509.Certificate:
            made.not_before, made.not_after = made.not_before - SECOND, made.not_after - SECOND
            return made.made()

        def after_issuer(made: Parts) -> x509.Certificate:
            issuer = issuer_of(profile).certificate
            assert issuer is not None
            made.not_after = issuer.not_valid_after_utc + SECOND
            made.not_before = made.not_after - 2 * SECOND
            return made.made()

        yield "older than its issuer", before_issuer
        yield "outliving its issuer", after_issuer


def violations(profile: ProfileName) -> Iterator[tuple[str, Change]]:
    """Every one of them, with a name that reads as a sentence."""
    for family in (
        subject_violations,
        extension_violations,
        foreign_violations,
        key_violations,
        other_violations,
    ):
        yield from family(profile)
