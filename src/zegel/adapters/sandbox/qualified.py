"""The trusted lists in XML of Utopia: a list of the lists, and the national list to which it points, signed in XAdES.

Written in exclusive canonical form as they stand, so that what is digested is the text itself and nothing here reads
XML (TS 119 612 clause 5 and annex B; EN 319 132-1). What trust has no use for is left out: this is a sandbox.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Final
from xml.sax.saxutils import escape

from zegel.adapters.files import create_owner_only, make_owner_only_folder
from zegel.adapters.sandbox.authorities import CONTACT
from zegel.adapters.sandbox.plan import SandboxPlan
from zegel.adapters.trust_files import QUALIFIED_FILE, QUALIFIED_FOLDER
from zegel.formats.catalogue.types import Catalogue
from zegel.primitives.encoding import base64
from zegel.primitives.json import encode_json
from zegel.primitives.keys import PrivateKey, random_private_key
from zegel.primitives.x509 import DAY, Certificate
from zegel.trust.authority import Authority, SubjectName, create_authority
from zegel.trust.lists.xml.values import GRANTED, XML_LIST, QualifiedService, XmlListType

QUALIFIED_PATH: Final = "/qualified/"
JOURNAL_FILE: Final = "journal.pem"
LISTS_FILE: Final = "lists.xml"
NATIONAL_FILE: Final = "utopia.xml"
DIPLOMA: Final = "diploma"
"""The type whose issuer stands on this list, and on no other."""
_DAYS: Final = 180  # clause 5.3.15: at most six months
_TSL: Final = "http://uri.etsi.org/02231/v2#"
_MORE: Final = "http://uri.etsi.org/02231/v2/additionaltypes#"
_DS: Final = 'xmlns:d="http://www.w3.org/2000/09/xmldsig#"'
_XADES: Final = 'xmlns:x="http://uri.etsi.org/01903/v1.3.2#"'
_CANONICAL: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
_ENVELOPED: Final = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
_PROPERTIES: Final = "http://uri.etsi.org/01903#SignedProperties"
_SHA256: Final = "http://www.w3.org/2001/04/xmlenc#sha256"
_ECDSA: Final = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
_END: Final = "</TrustServiceStatusList>"
_SERVICE_SINCE: Final = 9 * DAY

Random = Callable[[int], bytes]


def qualified_types(catalogue: Catalogue) -> tuple[str, ...]:
    """What the table of a list in XML says that those on it may issue."""
    return catalogue.types[DIPLOMA].identifiers


def write_qualified_lists(
    trust: Path, plan: SandboxPlan, issuing: Certificate, *, types: Sequence[str], now: int, random: Random
) -> None:
    """Both lists, the certificate that the Journal would name, and what reads them by hand: ``qualified.toml``.

    ``issuing`` is who stands on the national list as a provider of qualified attestations, of ``types``.
    """
    folder, origin = trust / QUALIFIED_FOLDER, plan.origin("trust") + QUALIFIED_PATH
    make_owner_only_folder(folder)
    union, utopia = (_signer(name, now=now, random=random) for name in ("Union list signer", "Utopia list signer"))
    pointers = (
        _pointer(origin + LISTS_FILE, "EU", XmlListType.LIST_OF_LISTS, union),
        _pointer(origin + NATIONAL_FILE, "UT", XmlListType.NATIONAL, utopia),
    )
    lists = _list(XmlListType.LIST_OF_LISTS, "EU", "Union of examples", "".join(pointers), "", now)
    national = _list(XmlListType.NATIONAL, "UT", "Utopia list office", "", _provider(issuing, now), now)
    create_owner_only(folder / LISTS_FILE, _signed(lists, union, now))
    create_owner_only(folder / NATIONAL_FILE, _signed(national, utopia, now))
    create_owner_only(folder / JOURNAL_FILE, union.certificate.pem.encode())
    said = {"location": LISTS_FILE, "signers": JOURNAL_FILE, "types": list(types)}
    lines = (f"{name} = {encode_json(value).decode()}\n" for name, value in said.items())
    by_hand = "[[qualified_lists]]\n" + "".join(lines)
    create_owner_only(folder / QUALIFIED_FILE, by_hand.encode())


def _signer(name: str, *, now: int, random: Random) -> Authority:
    """Whoever signs a list; its key is used here, once, and kept nowhere."""
    subject = SubjectName(country="UT", organization="Utopia", common_name=name)
    return create_authority(subject, key=random_private_key(random), now=now - DAY, random=random, contact=CONTACT)


def _list(kind: XmlListType, territory: str, operator: str, pointers: str, providers: str, now: int) -> str:
    return (
        f'<TrustServiceStatusList xmlns="{_TSL}"><SchemeInformation>'
        "<TSLVersionIdentifier>6</TSLVersionIdentifier><TSLSequenceNumber>1</TSLSequenceNumber>"
        f"<TSLType>{kind}</TSLType><SchemeOperatorName>{_name(operator)}</SchemeOperatorName>"
        "<SchemeInformationURI>"
        f'<URI xml:lang="en">{CONTACT}/lists</URI>'
        f"</SchemeInformationURI><SchemeTerritory>{territory}</SchemeTerritory>"
        f"<PointersToOtherTSL>{pointers}</PointersToOtherTSL><ListIssueDateTime>{_time(now)}</ListIssueDateTime>"
        f"<NextUpdate><dateTime>{_time(now + _DAYS * DAY)}</dateTime></NextUpdate></SchemeInformation>{providers}{_END}"
    )


def _pointer(location: str, territory: str, kind: XmlListType, signer: Authority) -> str:
    said = (
        f"<TSLType>{kind}</TSLType>",
        f"<SchemeTerritory>{territory}</SchemeTerritory>",
        f'<t:MimeType xmlns:t="{_MORE}">{XML_LIST}</t:MimeType>',
    )
    more = "".join(f"<OtherInformation>{each}</OtherInformation>" for each in said)
    identity = _identity(signer.certificate)
    return (
        f"<OtherTSLPointer><ServiceDigitalIdentities>{identity}</ServiceDigitalIdentities>"
        f"<TSLLocation>{escape(location)}</TSLLocation>"
        f"<AdditionalInformation>{more}</AdditionalInformation></OtherTSLPointer>"
    )


def _provider(issuing: Certificate, now: int) -> str:
    return (
        "<TrustServiceProviderList><TrustServiceProvider>"
        f"<TSPInformation><TSPName>{_name('Utopia identity office')}</TSPName></TSPInformation>"
        "<TSPServices><TSPService><ServiceInformation>"
        f"<ServiceTypeIdentifier>{QualifiedService.ATTESTATIONS}</ServiceTypeIdentifier>"
        f"<ServiceName>{_name('Qualified attestations')}</ServiceName>{_identity(issuing)}"
        f"<ServiceStatus>{GRANTED}</ServiceStatus>"
        f"<StatusStartingTime>{_time(now - _SERVICE_SINCE)}</StatusStartingTime>"
        "</ServiceInformation></TSPService></TSPServices></TrustServiceProvider></TrustServiceProviderList>"
    )


def _signed(text: str, signer: Authority, now: int) -> bytes:
    """XAdES baseline B, enveloped: over the list without its signature, and over who signed it and when."""
    der = signer.certificate.der
    about = (
        f'<x:SignedProperties {_XADES} Id="about"><x:SignedSignatureProperties>'
        f"<x:SigningTime>{_time(now)}</x:SigningTime><x:SigningCertificateV2><x:Cert><x:CertDigest>"
        f'<d:DigestMethod {_DS} Algorithm="{_SHA256}"></d:DigestMethod>'
        f"<d:DigestValue {_DS}>{_digest(der)}</d:DigestValue>"
        "</x:CertDigest></x:Cert></x:SigningCertificateV2></x:SignedSignatureProperties></x:SignedProperties>"
    )
    info = (
        f'<d:SignedInfo {_DS}><d:CanonicalizationMethod Algorithm="{_CANONICAL}"></d:CanonicalizationMethod>'
        f'<d:SignatureMethod Algorithm="{_ECDSA}"></d:SignatureMethod>'
        f"{_reference('', text, _ENVELOPED)}{_reference('#about', about, type_=_PROPERTIES)}</d:SignedInfo>"
    )
    signature = (
        f"<d:Signature {_DS}>{info}<d:SignatureValue>{_value(signer.key, info)}</d:SignatureValue>"
        f"<d:KeyInfo><d:X509Data><d:X509Certificate>{base64(der)}</d:X509Certificate></d:X509Data></d:KeyInfo>"
        f"<d:Object><x:QualifyingProperties {_XADES}>{about}</x:QualifyingProperties></d:Object></d:Signature>"
    )
    return text.replace(_END, signature + _END).encode()


def _reference(uri: str, content: str, *transforms: str, type_: str = "") -> str:
    chain = "".join(f'<d:Transform Algorithm="{each}"></d:Transform>' for each in (*transforms, _CANONICAL))
    kind = f' Type="{type_}"' if type_ else ""
    return (
        f'<d:Reference{kind} URI="{uri}"><d:Transforms>{chain}</d:Transforms>'
        f'<d:DigestMethod Algorithm="{_SHA256}"></d:DigestMethod>'
        f"<d:DigestValue>{_digest(content.encode())}</d:DigestValue></d:Reference>"
    )


def _value(key: PrivateKey, info: str) -> str:
    return base64(key.sign(info.encode()))


def _identity(certificate: Certificate) -> str:
    encoded = base64(certificate.der)
    digital = f"<DigitalId><X509Certificate>{encoded}</X509Certificate></DigitalId>"
    return f"<ServiceDigitalIdentity>{digital}</ServiceDigitalIdentity>"


def _name(text: str) -> str:
    return f'<Name xml:lang="en">{escape(text)}</Name>'


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _digest(data: bytes) -> str:
    return base64(sha256(data).digest())
