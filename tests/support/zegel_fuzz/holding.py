"""What its owner does at a wallet's pages."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from zegel_testing.pictures import vector, vector_picture
from zegel_testing.uploads import multipart_body
from zegel_testing.wallet_pages import Pages, wallet_pages
from zegel_testing.wallet_world import MDOC_QUERY, PASSPHRASE

from zegel.primitives.http import HttpResponse
from zegel_fuzz.ground import Ground, Trap, listeners_of

Act = Callable[[], Awaitable[HttpResponse]]


@asynccontextmanager
async def holding_ground(folder: Path) -> AsyncIterator[Ground]:
    """The wallet's pages, before an issuer and a verifier."""
    async with _ground(folder, "haip") as ground:
        yield ground


@asynccontextmanager
async def plain_holding_ground(folder: Path) -> AsyncIterator[Ground]:
    """The same where offers by a pre-authorised code are taken."""
    async with _ground(folder, "plain") as ground:
        yield ground


@asynccontextmanager
async def _ground(folder: Path, profile: str) -> AsyncIterator[Ground]:
    async with wallet_pages(folder, copies=2, profile=profile) as pages:
        await pages.enter()
        owner, trap = _Owner(pages), Trap(pages.world.handlers)
        acts = _acts(owner) if profile == "haip" else {"wallet/receive/{flow}": (owner.redeem, owner.keep)}
        plays = {
            name: tuple(trap.play(_fixed(name), act, method=_method(name)) for act in chosen)
            for name, chosen in acts.items()
        }
        yield Ground(listeners=listeners_of(pages.role), plays=plays, clock=pages.world.clock)


def _acts(owner: "_Owner") -> Mapping[str, tuple[Act, ...]]:
    return {
        "wallet/launch": (owner.launch,),
        "wallet/launch/code": (owner.show_code,),
        "wallet/unlock": (owner.unlock,),
        "wallet/create": (owner.create,),
        "wallet/lock": (owner.lock,),
        "wallet/this-wallet": (owner.acting_on_itself("noted"), owner.acting_on_itself("activate")),
        "wallet/bring": (owner.paste_offer, owner.paste_request),
        "wallet/credentials/{id}": (owner.acting("status"), owner.acting("renew"), owner.acting("seen")),
        "wallet/credentials/{id}/delete": (owner.delete,),
        "wallet/certificates/add": (owner.bring_text, owner.bring_picture),
        "wallet/certificates/keep": (owner.keep_certificate,),
        "wallet/certificates/camera": (owner.film,),
        "wallet/certificates/{id}/code": (owner.on_certificate("code"),),
        "wallet/certificates/{id}/delete": (owner.on_certificate("delete"),),
        "wallet/receive": (owner.see_offer,),
        "wallet/receive/{flow}": (owner.log_in, owner.keep_after_log_in),
        "wallet/present": (owner.see_request,),
        "wallet/receive?": (owner.see_offer,),
        "wallet/present?": (owner.see_request,),
        "wallet/callback?": (owner.come_back,),
        "wallet/present/{flow}": (owner.accept, owner.refuse),
    }


def _fixed(name: str) -> str:
    """What the path begins with, up to its first part that varies."""
    return name.removeprefix("wallet").partition("{")[0].removesuffix("?")


def _method(name: str) -> str:
    return "GET" if name.endswith("?") else "POST"


class _Owner:
    """Each act ends with a form that is sent."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    async def launch(self) -> HttpResponse:
        pages = await self._pages.other_browser().open("/launch")
        return await pages.submit("/launch", code=pages.door.fresh_code())

    async def show_code(self) -> HttpResponse:
        pages = await self._pages.other_browser().open("/launch")
        return await pages.submit("/launch/code")

    async def unlock(self) -> HttpResponse:
        await self._pages.wallet.safe.lock()
        await self._pages.open("/")
        return await self._pages.submit("/unlock", passphrase=PASSPHRASE)

    async def create(self) -> HttpResponse:
        await self._pages.wallet.safe.lock()
        self._pages.world.config.wallet.vault.unlink(missing_ok=True)
        await self._pages.open("/")
        return await self._pages.submit("/create", passphrase=PASSPHRASE, again=PASSPHRASE)

    async def lock(self) -> HttpResponse:
        pages = await self._pages.enter()
        return await pages.submit("/lock")

    async def paste_offer(self) -> HttpResponse:
        pages = await self._pages.enter()
        return await pages.submit("/bring", link=(await pages.world.offer())["link"])

    async def paste_request(self) -> HttpResponse:
        pages = await self._pages.enter()
        return await pages.submit("/bring", link=(await pages.world.request())["link"])

    def acting(self, action: str) -> Act:
        async def act() -> HttpResponse:
            pages = await self._holding()
            path = f"/credentials/{pages.contents.holdings[0].id}"
            await pages.open(path)
            return await pages.submit(path, action=action)

        return act

    def acting_on_itself(self, action: str) -> Act:
        async def act() -> HttpResponse:
            pages = await self._pages.enter()
            await pages.open("/this-wallet")
            return await pages.submit("/this-wallet", action=action)

        return act

    async def delete(self) -> HttpResponse:
        pages = await self._holding()
        path = f"/credentials/{pages.contents.holdings[0].id}/delete"
        await pages.open(path)
        return await pages.submit(path)

    async def bring_text(self) -> HttpResponse:
        await (await self._pages.enter()).open("/certificates/add")
        csrf = self._pages.page.all("input")[0]["value"]
        return await self._pages.browser.post("/certificates/add", {"csrf": csrf, "text": vector("BE")["PREFIX"]})

    async def bring_picture(self) -> HttpResponse:
        await (await self._pages.enter()).open("/certificates/add")
        return (await self._pages.upload("/certificates/add", {"picture": vector_picture("BE")})).response

    async def keep_certificate(self) -> HttpResponse:
        await (await self._pages.enter()).open("/certificates/add")
        await self._pages.upload("/certificates/add", {"picture": vector_picture("BE")})
        return await self._pages.submit("/certificates/keep")

    async def film(self) -> HttpResponse:
        await (await self._pages.enter()).open("/certificates/add")
        csrf = self._pages.page.all("input")[0]["value"]
        content_type, body = multipart_body({"csrf": csrf}, {"picture": vector_picture("HU")})
        return await self._pages.browser.post_body("/certificates/camera", content_type, body)

    def on_certificate(self, action: str) -> Act:
        async def act() -> HttpResponse:
            pages = await self._pages.enter()
            held = await pages.wallet.health.add(vector("BE")["PREFIX"])
            await pages.open(f"/certificates/{held.id}{'/delete' if action == 'delete' else ''}")
            return await pages.submit(f"/certificates/{held.id}/{action}")

        return act

    async def see_offer(self) -> HttpResponse:
        return await (await self._brought()).submit("/receive")

    async def log_in(self) -> HttpResponse:
        pages = await (await self._brought()).go("/receive")
        return await pages.submit(decision="log-in")

    async def keep_after_log_in(self) -> HttpResponse:
        pages = await (await self._brought()).go("/receive")
        return await (await pages.log_in()).submit(decision="keep")

    async def come_back(self) -> HttpResponse:
        await (await (await self._brought()).go("/receive")).log_in()
        return self._pages.response

    async def redeem(self) -> HttpResponse:
        pages = await self._pages.enter()
        offer = await pages.world.offer(formats=["dc+sd-jwt"], grant="pre-authorized", person="erika", tx_code=True)
        await pages.open("/receive?" + offer["link"].partition("?")[2])
        await pages.go("/receive")
        return await pages.submit(decision="redeem", tx_code=offer["tx_code"])

    async def keep(self) -> HttpResponse:
        pages = await self._brought(grant="pre-authorized", person="erika")
        await pages.go("/receive")
        await pages.go(decision="redeem")
        return await pages.submit(decision="keep")

    async def see_request(self) -> HttpResponse:
        pages = await self._pages.enter()
        request = await pages.world.request()
        await pages.open("/present?" + request["link"].partition("?")[2])
        return await pages.submit("/present")

    async def accept(self) -> HttpResponse:
        pages = await self._holding()
        await pages.ask()
        return await pages.submit(decision="accept")

    async def refuse(self) -> HttpResponse:
        pages = await self._holding()
        await pages.ask(MDOC_QUERY)
        return await pages.submit(decision="refuse")

    async def _brought(self, **members: str) -> Pages:
        """An offer's link was followed to the wallet."""
        pages = await self._pages.enter()
        offer = await pages.world.offer(formats=["dc+sd-jwt"], **members)
        return await pages.open("/receive?" + offer["link"].partition("?")[2])

    async def _holding(self) -> Pages:
        """Inside, with a PID in both formats."""
        pages = await self._pages.enter()
        if len(pages.contents.holdings) < 2:
            await pages.receive()
        return pages
