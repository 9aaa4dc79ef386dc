"""The log of all that was shared, received and refused: who, when, which type, the names of claims, never a value."""

from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from zegel.primitives.http import origin_of
from zegel.protocols.openid4vp.sender import Party, ReplyAddress
from zegel.services.wallet.contents import (
    Counterpart,
    Entry,
    Holding,
    Mention,
    Outcome,
    Provider,
    Vetting,
    WalletContents,
)
from zegel.services.wallet.registered import Registered
from zegel.trust.access import VerifiedParty
from zegel.trust.registration.values import RegistrationCertificate, text_in

LANGUAGE: Final = "en"  # of what the log keeps
MAX_ENTRIES: Final = 20_000  # ten presentations a day for five years; the oldest go first


def noted(contents: WalletContents, entry: Entry) -> WalletContents:
    """The contents with one line more in the log."""
    return replace(contents, log=(*contents.log, entry)[-MAX_ENTRIES:])


def amended(contents: WalletContents, entry_id: str, *, outcome: Outcome, check: str | None = None) -> WalletContents:
    """The contents with what became of a line that stands in the log; ``check`` is one that failed since."""
    return replace(
        contents,
        log=tuple(
            replace(entry, outcome=outcome, check=entry.check if check is None else check)
            if entry.id == entry_id
            else entry
            for entry in contents.log
        ),
    )


def find_entry(contents: WalletContents, entry_id: str) -> Entry | None:
    """The line of the log; None for one that the log has no more."""
    return next((entry for entry in reversed(contents.log) if entry.id == entry_id), None)


def verifier_counterpart(party: Party, reply: ReplyAddress) -> Counterpart:
    """Who sent the request: the certificate's name, or the host alone where nobody vouches for one."""
    host = host_of(reply.response_uri)
    if isinstance(party, VerifiedParty):
        return Counterpart(
            name=party.name,
            host=host,
            certified=True,
            identifier=party.identifier,
            country=party.country,
            service=party.service_name,
        )
    return Counterpart(name=party.host, host=host, certified=False)


def asking_counterpart(party: Party, reply: ReplyAddress, vetting: Vetting) -> Counterpart:
    """Who asks: the party that an intermediary asks for, where one does (ARF 3.0 RPI_07), or else who sent the request.

    The answer goes to the same host in either case.
    """
    sender, certificate = verifier_counterpart(party, reply), vetting.certificate
    if certificate is None:
        return sender
    service = certificate.service_name
    if not vetting.intermediated:
        return sender if service is None else replace(sender, service=service)
    return Counterpart(
        name=certificate.name,
        host=sender.host,
        certified=True,
        identifier=certificate.identifier,
        country=certificate.country,
        service=service,
    )


def vetted(entry: Entry, vetting: Vetting, *, sender: Counterpart) -> Entry:
    """The line with what was found of who asked (DASH_03): an intermediary that was not shown is kept here."""
    certificate = vetting.certificate
    registered = None if certificate is None else registered_of(certificate)
    return replace(
        entry,
        through=sender if vetting.intermediated else None,
        registered=registered,
        warnings=tuple(finding.check for finding in vetting.findings),
        beyond=vetting.beyond,
    )


def registered_of(certificate: RegistrationCertificate) -> Registered:
    """What is worth keeping of a registration."""
    return Registered(
        service=certificate.service,
        intended_use=certificate.intended_use,
        purpose=text_in(certificate.purposes, LANGUAGE),
        registry=certificate.registry,
        support=certificate.support,
        authority=certificate.authority,
    )


def issuer_counterpart(provider: Provider) -> Counterpart:
    """Who issues."""
    return Counterpart(
        name=provider.certified or provider.name,
        host=host_of(provider.url),
        certified=provider.certified is not None,
        identifier=provider.identifier,
        service=provider.service,
    )


def mention_of(holding: Holding) -> Mention:
    """A holding in the log."""
    credential = holding.credential
    return Mention(type=credential.type, format=credential.format, copies=len(holding.batch.copies))


def host_of(url: str) -> str:
    """The host and port of a URL that was checked before."""
    return urlsplit(origin_of(url, what="URL")).netloc
