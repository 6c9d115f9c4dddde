"""Extensions of certificates, as judges read them."""

from typing import TypeVar

from cryptography import x509

Kind = TypeVar("Kind", bound=x509.ExtensionType)


def extension_of(certificate: x509.Certificate, kind: type[Kind]) -> Kind | None:
    """The extension of this kind; None where there is none."""
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
