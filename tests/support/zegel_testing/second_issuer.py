"""A second issuer beside the identity office, which asks wallets for a PID, and a wallet that has one."""

from zegel.primitives.http import HttpResponse
from zegel_testing.browser import link_of
from zegel_testing.hand_wallet import Copy, HandWallet
from zegel_testing.issuing_world import IssuingWorld, TestWallet


def share(office: IssuingWorld, other: IssuingWorld) -> None:
    """Each finds the other."""
    office.handlers[other.issuer] = other.handlers[other.issuer]
    other.handlers[office.issuer] = office.handlers[office.issuer]


async def hand_wallet(office: IssuingWorld, other: IssuingWorld, person: str = "erika") -> HandWallet:
    """A wallet that holds a person's PID in both formats."""
    wallet = office.wallet()
    wallet.copies = 2
    done = await wallet.receive(await office.offer("pid"), person=person)
    keys = {key.public_key: key for key in wallet.keys}
    copies = [
        Copy(format=verified.format, data=data, key=keys[verified.holder_key])
        for received in done.received
        for data, verified in zip(received.credentials, wallet.verify(received, done), strict=True)
        if verified.holder_key is not None
    ]
    world = other.world
    return HandWallet(*copies, outbound=world.outbound, trust=world.trust, clock=other.clock, origin=other.issuer)


async def show_and_return(hand: HandWallet, wallet: TestWallet, page: HttpResponse) -> HttpResponse:
    """Present what a page asks for, and come back; the page that is then shown."""
    back = await hand.present(link_of(page, "Open another wallet"))
    assert back is not None
    return await wallet.browser.open(back)
