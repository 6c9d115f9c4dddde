"""RSA moduli that look right and are broken: found before anything is certified with them.

Small factors, two primes too close together (Fermat), and the primes of Infineon's library
(ROCA, CVE-2017-15361). CA/Browser Forum Baseline Requirements §6.1.1.3 and §6.1.6 ask for the same.
"""

from functools import cache
from math import gcd, isqrt

# NIST SP 800-89 §5.3.3 asks for no factor below 752.
SMALLEST_FACTOR = 752
FERMAT_ROUNDS = 100
_ROCA_GENERATOR = 65537
_ROCA_LAST_PRIME = 167


def weakness_of(modulus: int) -> str | None:
    """What is wrong with an RSA modulus; None where nothing was found."""
    if gcd(modulus, _product(SMALLEST_FACTOR)) != 1:
        return "small factor"
    if has_close_factors(modulus):
        return "close primes"
    if is_roca(modulus):
        return "ROCA"
    return None


def has_close_factors(modulus: int) -> bool:
    """Whether Fermat's method splits it in a hundred rounds."""
    middle = isqrt(modulus)
    middle += middle * middle < modulus
    for _ in range(FERMAT_ROUNDS):
        rest = middle * middle - modulus
        if isqrt(rest) ** 2 == rest:
            return True
        middle += 1
    return False


def is_roca(modulus: int) -> bool:
    """Whether it is a power of 65537 modulo every small prime, as only that library's moduli are.

    Nemec et al., "The Return of Coppersmith's Attack" (CCS 2017), §2.3; by chance 1 in 2^27 or rarer.
    """
    return all(modulus % prime in powers for prime, powers in _roca_powers())


@cache
def _roca_powers() -> tuple[tuple[int, frozenset[int]], ...]:
    return tuple(
        (prime, frozenset(pow(_ROCA_GENERATOR, power, prime) for power in range(prime - 1)))
        for prime in _primes(_ROCA_LAST_PRIME)
        if prime > 2  # noqa: PLR2004  (every modulus is odd)
    )


@cache
def _product(last: int) -> int:
    product = 1
    for prime in _primes(last):
        product *= prime
    return product


@cache
def _primes(last: int) -> tuple[int, ...]:
    return tuple(n for n in range(2, last + 1) if all(n % d for d in range(2, isqrt(n) + 1)))
