"""The trusted lists in XML of a configuration: from a file or an address, and kept beside the others."""

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from zegel_testing.authorities import NOW
from zegel_testing.qualified import DIPLOMA, LOTL, UTOPIA, list_of_lists, national_list, operator

from zegel.adapters.memory import Loopback, ManualClock
from zegel.config.parse import parse_config
from zegel.config.roles import Config, QualifiedListConfig
from zegel.errors import Malformed, Unavailable
from zegel.primitives.http import HttpRequest, HttpResponse
from zegel.trust.lists.xml.values import QualifiedService
from zegel.web.app.qualified import ConfiguredQualified, configured_qualified
from zegel.web.app.world import open_world

pytestmark = pytest.mark.anyio


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    signer = x509.load_der_x509_certificate(operator("Union").certificate)
    (tmp_path / "union.pem").write_bytes(signer.public_bytes(Encoding.PEM))
    return tmp_path


def listed(folder: Path, location: str) -> QualifiedListConfig:
    return QualifiedListConfig(location=location, signers=folder / "union.pem", types=(DIPLOMA,))


def configured(folder: Path, location: str = LOTL) -> Config:
    return parse_config(
        f'[lists]\nkept = "kept"\n[[qualified_lists]]\nlocation = "{location}"\nsigners = "union.pem"\n'
        f'types = ["{DIPLOMA}"]\nterritories = ["UT"]\nservices = ["certificates"]\n',
        folder=folder,
    )


async def test_it_comes_from_a_file_or_an_address_and_what_it_points_to_from_an_address_alone(folder: Path) -> None:
    (folder / "lotl.xml").write_bytes(b"from the file")
    seen: list[HttpRequest] = []

    async def host(request: HttpRequest) -> HttpResponse:
        seen.append(request)
        return HttpResponse(status=200, body=b"from the address")

    outbound = Loopback({"https://lists.example": host})
    by_file = ConfiguredQualified(listed(folder, str(folder / "lotl.xml")), outbound=outbound, kept=None)
    by_address = ConfiguredQualified(listed(folder, LOTL), outbound=outbound, kept=None)
    assert await by_file.fetch() == b"from the file"
    assert await by_address.fetch() == b"from the address"
    assert seen[0].header("accept") == "application/vnd.etsi.tsl+xml"
    assert by_file.shelf(None) is None
    with pytest.raises(Malformed):
        await by_file.follow(str(folder / "lotl.xml"))


@pytest.mark.parametrize("status", [204, 404, 500])
async def test_a_list_that_is_not_there_is_unavailable(folder: Path, status: int) -> None:
    async def host(_request: HttpRequest) -> HttpResponse:
        return HttpResponse(status=status)

    outbound = Loopback({"https://lists.example": host})
    for location in (LOTL, "/nonexistent/lotl.xml", UTOPIA):
        with pytest.raises(Unavailable):
            await ConfiguredQualified(listed(folder, location), outbound=outbound, kept=None).fetch()


async def test_what_the_configuration_says_counts_and_what_was_fetched_is_kept(folder: Path) -> None:
    lists = {LOTL: list_of_lists(), UTOPIA: national_list()}

    async def host(request: HttpRequest) -> HttpResponse:
        return HttpResponse(status=200, body=lists[request.url])

    config, clock = configured(folder), ManualClock(NOW)
    source = ConfiguredQualified(config.qualified_lists[0], outbound=Loopback({}), kept=config.lists.kept)
    assert (source.territories, source.types) == ({"UT"}, {DIPLOMA})
    assert source.services == {QualifiedService.CERTIFICATES}
    outbound = Loopback({"https://lists.example": host, "https://utopia.example": host})
    (first,) = configured_qualified(config, outbound=outbound, clock=clock, kept=config.lists.kept)
    await first.refresh()
    assert len(list((folder / "kept").iterdir())) == 2
    (second,) = configured_qualified(config, outbound=Loopback({}), clock=clock, kept=config.lists.kept)
    await second.refresh()
    assert [(each.title, each.fetched_at) for each in second.health()] == [
        ("list of the lists", NOW),
        ("national list of UT", NOW),
    ]


async def test_every_role_has_them_in_its_world(folder: Path) -> None:
    (folder / "lotl.xml").write_bytes(list_of_lists())
    world = open_world(configured(folder, location=str(folder / "lotl.xml")))
    assert [each.title for each in world.trust.health()] == ["list of the lists"]
    await world.close()
