"""Whose request it is: the other end of the connection, unless a proxy that is trusted says whom it heard."""

from ipaddress import ip_network

import pytest

from zegel.primitives.http import HttpRequest
from zegel.web.senders import sender_of

PROXIES = tuple(map(ip_network, ("127.0.0.1/32", "10.0.0.0/8", "2001:db8:ffff::/48")))


def sender(peer: str | None, *forwarded: str, proxies: tuple = PROXIES) -> bytes | None:
    headers = tuple(("x-forwarded-for", value) for value in forwarded)
    request = HttpRequest(method="GET", url="https://issuer.utopia.example/", headers=headers, peer=peer)
    return sender_of(request, proxies=proxies)


def direct(address: str) -> bytes | None:
    return sender(address, proxies=())


@pytest.mark.parametrize(
    "forged", ["203.0.113.7", "127.0.0.1", "203.0.113.7, 127.0.0.1", "nonsense", "", ",", "2001:db8::1"]
)
def test_without_a_proxy_a_forged_header_changes_nothing(forged: str) -> None:
    assert sender("192.0.2.1", forged, proxies=()) == direct("192.0.2.1")


@pytest.mark.parametrize("forged", ["203.0.113.7", "10.0.0.1", "nonsense"])
def test_of_a_peer_that_is_no_proxy_the_header_changes_nothing(forged: str) -> None:
    assert sender("192.0.2.1", forged) == direct("192.0.2.1")


@pytest.mark.parametrize(
    ("forwarded", "whose"),
    [
        (("203.0.113.7",), "203.0.113.7"),
        (("198.51.100.9, 203.0.113.7",), "203.0.113.7"),  # the left one, the client wrote itself
        (("127.0.0.1, 203.0.113.7",), "203.0.113.7"),
        (("198.51.100.9, 203.0.113.7, 10.1.2.3",), "203.0.113.7"),
        (("198.51.100.9", "203.0.113.7, 10.1.2.3"), "203.0.113.7"),  # two lines are one list
        (("203.0.113.7, 10.1.2.3, 10.3.2.1, 2001:db8:ffff::1",), "203.0.113.7"),
        ((" 203.0.113.7 ",), "203.0.113.7"),
        (("203.0.113.7:4711",), "203.0.113.7"),
        (("[2001:db8::1]:4711",), "2001:db8::1"),
        (("[2001:db8::1]",), "2001:db8::1"),
        (("::ffff:203.0.113.7",), "203.0.113.7"),
    ],
)
def test_the_right_most_address_that_is_no_proxy_counts(forwarded: tuple[str, ...], whose: str) -> None:
    assert sender("127.0.0.1", *forwarded) == direct(whose)


@pytest.mark.parametrize("forwarded", [(), ("",), ("nonsense",), ("203.0.113.7, nonsense",), ("203.0.113.7, unknown",)])
def test_what_a_proxy_does_not_say_is_not_guessed(forwarded: tuple[str, ...]) -> None:
    assert sender("127.0.0.1", *forwarded) == direct("127.0.0.1")


def test_where_all_are_proxies_the_first_of_them_counts() -> None:
    assert sender("127.0.0.1", "10.0.0.7, 10.0.0.8") == direct("10.0.0.7")


def test_no_more_proxies_are_passed_than_there_can_be() -> None:
    assert sender("127.0.0.1", "203.0.113.7, " + ", ".join(["10.0.0.1"] * 100)) == direct("10.0.0.1")
    assert sender("127.0.0.1", ",".join(["10.0.0.1"] * 8_000) + ", 203.0.113.7") == direct("203.0.113.7")


def test_ipv6_counts_by_its_first_64_bits() -> None:
    assert direct("2001:db8:0:1::1") == direct("2001:db8:0:1:ffff:ffff:ffff:ffff")
    assert direct("2001:db8:0:1::1") != direct("2001:db8:0:2::1")
    assert sender("127.0.0.1", "2001:db8:0:1::1") == sender("127.0.0.1", "2001:db8:0:1::2")


def test_ipv4_counts_whole_however_it_is_spelled() -> None:
    assert direct("192.0.2.1") != direct("192.0.2.2")
    assert direct("::ffff:192.0.2.1") == direct("192.0.2.1")
    assert sender("::ffff:127.0.0.1", "203.0.113.7") == direct("203.0.113.7")


def test_ipv4_counts_whole_also_where_a_translator_is_in_front() -> None:
    """Or all that has no IPv6 would be one sender, whom each of them could use up."""
    assert direct("64:ff9b::192.0.2.1") == direct("192.0.2.1")
    assert sender("127.0.0.1", "64:ff9b::192.0.2.1") != sender("127.0.0.1", "64:ff9b::192.0.2.2")


@pytest.mark.parametrize("odd", ["192.0.2", "0300.0.2.1", "1", "192.0.2.1\0", "\u0661.0.2.1", "2001:db8::1/64"])
def test_another_spelling_of_an_address_is_none(odd: str) -> None:
    assert sender("127.0.0.1", odd) == direct("127.0.0.1")


def test_whose_address_is_not_known_are_one() -> None:
    assert sender("") == sender("a socket of this machine") == b""
    assert sender("", "203.0.113.7") == b""


def test_a_peer_in_this_process_has_none() -> None:
    assert sender(None, "203.0.113.7") is None
