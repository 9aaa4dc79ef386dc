from zegel_testing.authorities import authority, signer

from zegel.trust.anchors import Purpose
from zegel.trust.signing import CertifiedSigner


def test_a_certified_signer_shows_its_chain_leaf_first() -> None:
    issuer = signer(authority("root"), "issuer", Purpose.ISSUER)
    certified = CertifiedSigner(signer=issuer.key, certificates=(issuer.certificate,))
    assert certified.leaf == issuer.certificate
    assert certified.chain == issuer.chain
