"""Health certificates of Member States' test persons in a browser: as pictures, and before a camera."""

from collections.abc import Iterator
from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Route, expect
from zegel_testing.chromium import chromium, filming
from zegel_testing.page_rules import faults_of
from zegel_testing.person import Person
from zegel_testing.pictures import film_of, vector, vector_picture
from zegel_testing.scan import read_codes
from zegel_testing.vaccination import picture_of

pytestmark = pytest.mark.slow  # a browser has to start


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A Chromium before whose camera somebody holds Hungary's test certificate."""
    film = tmp_path_factory.mktemp("camera") / "film.mjpeg"
    film.write_bytes(film_of(vector("HU")["PREFIX"]))
    with chromium(*filming(film)) as running:
        yield running


@pytest.mark.parametrize(
    ("country", "name", "words"),
    [
        (
            "BE",
            "belgium",
            ["Peter Paul Maria Ebraert", "Vaxzevria", "2 of 2", "Its signature holds", "It expired on 202"],
        ),
        (
            "HU",
            "hungary",
            [
                "APOLLÓNIA SPECIMEN",
                "1 of 2",
                "Országos Kórházi Főigazgatóság",
                "Its signature holds",
                "It expired on 202",
            ],
        ),
    ],
)
def test_a_picture_of_a_code_is_seen_in_the_wallet_and_judged_today(
    visitor: Person, country: str, name: str, words: list[str]
) -> None:
    faults: dict[str, list[str]] = {}

    def look(page: Page, name: str) -> None:
        if "certificate" in name and country == "BE":
            faults[name] = faults_of(page)

    visitor.open_wallet()
    person = Person(visitor.page, visitor.demo, look=look)
    picture = picture_of(visitor.demo, name)
    assert picture == vector_picture(country)
    person.add_certificate(picture)
    for text in words:
        person.reads(text)
    person.press("Show its code", name="certificate with its code")
    shown = Image.open(BytesIO(person.page.screenshot(full_page=True)))
    assert read_codes(shown) == [vector(country)["PREFIX"]]
    person.visit("wallet", name="wallet with a certificate")
    person.reads(words[0])
    assert {name: found for name, found in faults.items() if found} == {}


def test_the_camera_reads_a_code_that_is_held_before_it(visitor: Person) -> None:
    visitor.page.context.grant_permissions(["camera"], origin=visitor.demo.ready["wallet"])
    visitor.open_wallet()
    visitor.visit("wallet", "/certificates/camera")
    visitor.page.wait_for_url("**/certificates/add")
    visitor.heading("Keep this certificate?")
    visitor.reads("APOLLÓNIA SPECIMEN")


def test_the_doors_camera_reads_a_code_and_says_why_not_and_the_next_one_is_scanned(visitor: Person) -> None:
    visitor.page.context.grant_permissions(["camera"], origin=visitor.demo.ready["door"])
    visitor.visit("door")
    visitor.page.get_by_role("link", name="Scan it with the camera", exact=True).click()
    for _ in range(2):
        visitor.page.wait_for_url("**/code")
        visitor.heading("No")
        visitor.reads("it has expired")
        expect(visitor.page.locator("main")).not_to_contain_text("SPECIMEN")
        assert faults_of(visitor.page) == []
        visitor.page.get_by_role("link", name="Scan the next one", exact=True).click()


def test_the_doors_camera_comes_again_where_the_door_is_busy(visitor: Person) -> None:
    visitor.page.context.grant_permissions(["camera"], origin=visitor.demo.ready["door"])
    refused = iter((503, 429))

    def busy(route: Route) -> None:
        status = next(refused, None) if route.request.method == "POST" else None
        if status is None:
            route.continue_()
        else:
            route.fulfill(status=status, headers={"retry-after": "1"}, body="busy")

    visitor.page.route("**/camera", busy)
    visitor.visit("door")
    visitor.page.get_by_role("link", name="Scan it with the camera", exact=True).click()
    expect(visitor.page.get_by_role("status")).to_contain_text("Looking again in 1 s")
    visitor.page.wait_for_url("**/code")
    assert next(refused, None) is None


def test_where_the_camera_may_not_be_used_the_page_says_what_does_as_well(visitor: Person) -> None:
    visitor.open_wallet()
    visitor.visit("wallet", "/certificates/camera")
    expect(visitor.page.get_by_role("status")).to_contain_text("A picture of the code does as well")
    assert [fault for fault in faults_of(visitor.page) if "a script" not in fault] == []
