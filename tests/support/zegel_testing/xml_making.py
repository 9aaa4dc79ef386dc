"""Trusted lists in XML of a small country, made and signed here, whole or with a fault."""

from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from lxml import etree

from zegel_testing.authorities import DAY, NOW

TSL = "http://uri.etsi.org/02231/v2#"
MORE = "http://www.w3.org/2001/04/xmldsig-more#"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
TYPE = "http://uri.etsi.org/TrstSvc/TrustedList/TSLType/"
Mutation = Callable[[str], str]


@dataclass(frozen=True)
class XmlSigner:
    """A key of whatever kind, and a certificate over it from a day ago until in a year."""

    key: Any
    certificate: bytes


def xml_signer(key: Any) -> XmlSigner:
    """Somebody who signs lists."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "List signer")])
    start = datetime.fromtimestamp(NOW - 40 * DAY, UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, start, start + timedelta(days=365))
    return XmlSigner(key, builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER))


def time(seconds: int) -> str:
    """A time as lists write it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def name(text: str) -> str:
    """A name in two languages."""
    return f'<Name xml:lang="el">Όνομα</Name><Name xml:lang="en">{text}</Name>'


def identity(*certificates: bytes) -> str:
    """What a service or a signer is known by."""
    ids = "".join(
        f"<DigitalId><X509Certificate>{b64encode(der).decode()}</X509Certificate></DigitalId>" for der in certificates
    )
    return f"<ServiceDigitalIdentity>{ids}</ServiceDigitalIdentity>"


def pointer(
    location: str, territory: str, *certificates: bytes, type_: str = "EUgeneric", mime: str = "etsi.tsl+xml"
) -> str:
    """Where another list is, and who signs it."""
    return (
        f"<OtherTSLPointer><ServiceDigitalIdentities>{identity(*certificates)}</ServiceDigitalIdentities>"
        f"<TSLLocation>{location}</TSLLocation><AdditionalInformation>"
        f"<OtherInformation><TSLType>{TYPE}{type_}</TSLType></OtherInformation>"
        f"<OtherInformation><SchemeTerritory>{territory}</SchemeTerritory></OtherInformation>"
        f"<OtherInformation><t:MimeType>application/vnd.{mime}</t:MimeType></OtherInformation>"
        "</AdditionalInformation></OtherTSLPointer>"
    )


def service(type_: str, certificate: bytes, *, status: str = "granted", more: str = "") -> str:
    """A service of a provider."""
    return (
        "<TSPService><ServiceInformation>"
        f"<ServiceTypeIdentifier>http://uri.etsi.org/TrstSvc/Svctype/{type_}</ServiceTypeIdentifier>"
        f"<ServiceName>{name('A service')}</ServiceName>{identity(certificate)}"
        f"<ServiceStatus>http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/{status}</ServiceStatus>"
        f"<StatusStartingTime>{time(NOW - 9 * DAY)}</StatusStartingTime>{more}</ServiceInformation></TSPService>"
    )


def extension(content: str, *, critical: str = "true") -> str:
    """What is said of a service beside."""
    return (
        f'<ServiceInformationExtensions><Extension Critical="{critical}">{content}</Extension>'
        "</ServiceInformationExtensions>"
    )


def xml_list(
    *services: str,
    type_: str = "EUgeneric",
    sequence: int = 7,
    pointers: str = "",
    uris: tuple[str, ...] = ("https://utopia.example/list",),
    territory: str = "UT",
    next_update: int | None = NOW + 29 * DAY,
    issued_at: int = NOW - DAY,
) -> str:
    """A list that nobody has signed yet."""
    due = "" if next_update is None else f"<dateTime>{time(next_update)}</dateTime>"
    links = "".join(f'<URI xml:lang="en">{uri}</URI>' for uri in uris)
    provider = (
        f"<TrustServiceProviderList><TrustServiceProvider><TSPInformation><TSPName>{name('Utopia Trust')}</TSPName>"
        f"</TSPInformation><TSPServices>{''.join(services)}</TSPServices></TrustServiceProvider>"
        "</TrustServiceProviderList>"
    )
    return (
        f'<TrustServiceStatusList xmlns="{TSL}" xmlns:t="{TSL[:-1]}/additionaltypes#" Id="list"><SchemeInformation>'
        f"<TSLVersionIdentifier>6</TSLVersionIdentifier><TSLSequenceNumber>{sequence}</TSLSequenceNumber>"
        f"<TSLType>{TYPE}{type_}</TSLType><SchemeOperatorName>{name('Utopian Trust Office')}</SchemeOperatorName>"
        f"<SchemeInformationURI>{links}</SchemeInformationURI><SchemeTerritory>{territory}</SchemeTerritory>"
        f"<PointersToOtherTSL>{pointers}</PointersToOtherTSL><ListIssueDateTime>{time(issued_at)}</ListIssueDateTime>"
        f"<NextUpdate>{due}</NextUpdate></SchemeInformation>{provider if services else ''}</TrustServiceStatusList>"
    )


def signed_xml(
    text: str,
    signer: XmlSigner,
    *,
    algorithm: str = f"{MORE}ecdsa-sha256",
    signed_info: Mutation = str,
    properties: Mutation = str,
    signature: Mutation = str,
    tail: str = "",
) -> bytes:
    """The list under its operator's signature; ``signed_info``, ``properties`` and ``signature`` change a part of it
    before it is signed, or the signature afterwards."""
    certificate = b64encode(signer.certificate).decode()
    digest = b64encode(sha256(signer.certificate).digest()).decode()
    about = properties(
        '<x:SignedProperties xmlns:x="http://uri.etsi.org/01903/v1.3.2#" Id="about"><x:SignedSignatureProperties>'
        f"<x:SigningTime>{time(NOW - DAY)}</x:SigningTime><x:SigningCertificateV2><x:Cert><x:CertDigest>"
        f'<d:DigestMethod xmlns:d="http://www.w3.org/2000/09/xmldsig#" Algorithm="{SHA256}"/>'
        f'<d:DigestValue xmlns:d="http://www.w3.org/2000/09/xmldsig#">{digest}</d:DigestValue>'
        "</x:CertDigest></x:Cert></x:SigningCertificateV2></x:SignedSignatureProperties></x:SignedProperties>"
    )
    info = signed_info(
        f'<d:SignedInfo xmlns:d="http://www.w3.org/2000/09/xmldsig#"><d:CanonicalizationMethod Algorithm="{C14N}"/>'
        f'<d:SignatureMethod Algorithm="{algorithm}"/>'
        + _reference("", "", text.replace("</TrustServiceStatusList>", f"{tail}</TrustServiceStatusList>"), ENVELOPED)
        + _reference("#about", ' Type="http://uri.etsi.org/01903#SignedProperties"', about)
        + "</d:SignedInfo>"
    )
    value = b64encode(_sign(signer.key, algorithm, _canonical(info))).decode()
    whole = signature(
        f'<d:Signature xmlns:d="http://www.w3.org/2000/09/xmldsig#">{info}<d:SignatureValue>{value}</d:SignatureValue>'
        f"<d:KeyInfo><d:X509Data><d:X509Certificate>{certificate}</d:X509Certificate></d:X509Data></d:KeyInfo>"
        f'<d:Object><x:QualifyingProperties xmlns:x="http://uri.etsi.org/01903/v1.3.2#">{about}'
        "</x:QualifyingProperties></d:Object></d:Signature>"
    )
    return text.replace("</TrustServiceStatusList>", f"{whole}{tail}</TrustServiceStatusList>").encode()


def _reference(uri: str, type_: str, content: str, *transforms: str) -> str:
    digest = b64encode(sha256(_canonical(content)).digest()).decode()
    chain = "".join(f'<d:Transform Algorithm="{each}"/>' for each in (*transforms, C14N))
    return (
        f'<d:Reference URI="{uri}"{type_}><d:Transforms>{chain}</d:Transforms>'
        f'<d:DigestMethod Algorithm="{SHA256}"/><d:DigestValue>{digest}</d:DigestValue></d:Reference>'
    )


def _canonical(text: str) -> bytes:
    return etree.tostring(etree.fromstring(text), method="c14n", exclusive=True)


def _sign(key: Any, algorithm: str, message: bytes) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)
        return key.sign(message, pss if "MGF1" in algorithm else padding.PKCS1v15(), hashes.SHA256())
    size = (key.curve.key_size + 7) // 8
    r, s = decode_dss_signature(key.sign(message, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(size) + s.to_bytes(size)
