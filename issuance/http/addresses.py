"""Where a call comes from, as far as counting attempts is concerned."""

import ipaddress
from typing import Annotated

from fastapi import Depends, Request

_IPV6_NETWORK_BITS = 64


def client_network(host: str | None) -> str:
    """The address itself for IPv4; the /64 for IPv6, since one subscriber holds 2**64 addresses."""
    try:
        address = ipaddress.ip_address(host or "")
    except ValueError:
        return "unknown"
    match address:
        case ipaddress.IPv6Address(ipv4_mapped=None):
            return str(ipaddress.ip_network((address, _IPV6_NETWORK_BITS), strict=False))
        case ipaddress.IPv6Address(ipv4_mapped=mapped):
            return str(mapped)
        case _:
            return str(address)


def _client_network(request: Request) -> str:
    # Behind a proxy, uvicorn's --forwarded-allow-ips decides whose X-Forwarded-For is believed.
    return client_network(request.client.host if request.client else None)


ClientNetwork = Annotated[str, Depends(_client_network)]
