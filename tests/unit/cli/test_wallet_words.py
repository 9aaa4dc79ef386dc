"""What the wallet prints for people: of what others wrote, nothing speaks to the terminal."""

from types import SimpleNamespace

from zegel.cli.wallet_words import consent_text
from zegel.services.wallet.consenting import ConsentView
from zegel.services.wallet.contents import Counterpart

CLEAR = "\x1b[2J\r\u202e"


def asked(**changes: object) -> ConsentView:
    party = Counterpart(name=f"Bank{CLEAR}", host="bank.example", certified=True, identifier="", country="UT")
    shown = {
        "party": party,
        "registration": None,
        "cautions": (),
        "elsewhere": False,
        "purposes": (f"To open an account{CLEAR}\nUtopia sign-in asks",),
        "questions": (),
        "choices": (),
        "missing": (),
        "withheld": (),
        "transactions": (),
    }
    return ConsentView(**shown | changes)  # type: ignore[arg-type]


def test_who_asks_and_why_stay_on_their_lines() -> None:
    text = consent_text(asked(), values=False)
    assert text.splitlines() == [
        r"Bank\x1b[2J\r\u202e asks; the answer goes to bank.example",
        r"  why, in its own words: To open an account\x1b[2J\r\u202e\nUtopia sign-in asks",
    ]


def test_whatever_a_value_is_made_of_it_is_told_in_words() -> None:
    restrictions = {"Category": "B", "Restrictions": [{"Code": "01"}, {"Code": "70", "Signs": ["a", "b"]}]}
    pairs = (("Categories", [restrictions]), ("Amount", None), ("Names", []), ("Within", {"Paid": True, "To": None}))
    transaction = SimpleNamespace(title="A payment", pairs=pairs)
    assert consent_text(asked(transactions=(transaction,)), values=False).splitlines()[2:] == [
        "  A payment",
        "    Categories: Category: B; Restrictions: (Code: 01), (Code: 70; Signs: a, b)",
        "    Amount: none",
        "    Names: none",
        "    Within",
        "      Paid: yes",
        "      To: none",
    ]


def test_a_request_that_does_not_say_why_is_told_to_be_silent() -> None:
    assert consent_text(asked(purposes=()), values=False).splitlines()[1:] == ["  it does not say why"]
