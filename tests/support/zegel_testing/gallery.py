"""Every component of the shared pages, on pages as the roles will use them."""

from jinja2 import ChoiceLoader, DictLoader

from zegel.checks import Check
from zegel.errors import Explanation, Rejected, explain
from zegel.services.wallet.describing import Picture
from zegel.web import pages

PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAC"
    "hwGA60e6kgAAAABJRU5ErkJggg=="
)
EXPLANATION = explain(Rejected(Check.ANCHOR, "the chain leads to no anchor for this purpose", field="header.x5c"))

TEMPLATES = {
    "log_in.html": """{% extends "base.html" %}
{% from "components.html" import button, field, form, notice, steps %}
{% block main %}
{{ steps(["Log in", "Review", "Receive"], 1) }}
<p class="lead">Log in to the register, and your identity is made ready for your wallet.</p>
{{ notice("error", "The name or the password is wrong") }}
{% call form("/log-in", csrf) %}
{{ field("name", "Name", autocomplete="username", value="ada") }}
{{ field("password", "Password", type="password", autocomplete="current-password", hint="Ten characters or more",
   error="the password does not fit") }}
{{ field("note", "Note", error="too long", required=false) }}
<div class="actions">{{ button("Log in") }}</div>
{% endcall %}
{% endblock %}""",
    "consent.html": """{% extends "base.html" %}
{% from "components.html" import asked, badge, button, card, choices, claims, form, link_button, notice %}
{% block main %}
<p class="lead">A service asks for parts of your identity. Nothing leaves your wallet before you agree.</p>
{% call card("Who asks", "who") %}
{{ claims([
  ("Name", "Tax online"),
  ("Organisation", "Revenue Office of Utopia"),
  ("Address", "tax.utopia.example"),
  ("Purpose", "To show you your tax return, and to know that it is yours"),
]) }}
{% endcall %}
{% call notice("warning", "This page is on another device than the one that asked") %}
<p>Go on only if you see the request on your own screen, at tax.utopia.example.</p>
{% endcall %}
{% call form("/present", csrf) %}
{% call card("What is asked for", "what") %}
<p>{{ badge("info", "SD-JWT VC") }} {{ badge("good", "valid") }} {{ badge("warn", "last copy") }}
{{ badge("bad", "revoked") }}</p>
{{ asked(["Family name", "Given names", "Date of birth", "Nationality", "Place of residence"]) }}
{{ choices("credential", "From which attestation?", [
  ("1", "Personal identity, Utopia", "Valid until 22 February 2027"),
  ("2", "Personal identity, Laputa", none),
], chosen=("1",)) }}
{{ choices("also", "Optional", [("email", "E-mail address", none)], type="checkbox") }}
{% endcall %}
<div class="actions">
{{ button("Present", name="answer", value="yes") }}
{{ button("Refuse", "quiet", "answer", "no") }}
{{ button("Delete", "danger", "answer", "delete") }}
{{ link_button("Details", "/details", "quiet") }}
</div>
{% endcall %}
{% endblock %}""",
    "credential.html": """{% extends "base.html" %}
{% from "components.html" import card, claims, long, notice %}
{% block main %}
{% call notice("good", "Received") %}<p>Ten copies, each to be used once.</p>{% endcall %}
{% call card("Personal identity", "pid") %}
<p class="quiet">Ministry of the Interior of Utopia</p>
{{ claims([
  ("Family name", "Brückner"),
  ("Portrait", portrait),
  ("Nationality", ["Utopia", "Laputa"]),
  ("Address", {"Town": "Hythloday", "Country": "Utopia"}),
  ("Entitlements", [("Code", "B"), ("Since", 2010)]),
  ("Over 18", true), ("Married", false), ("Document number", none), ("Height", 172), ("E-mail", ""),
  ("A value without a space", "x" * 120),
]) }}
{{ long("openid-credential-offer://?credential_offer_uri=https%3A%2F%2Fissuer.utopia.example%2Foffers%2F" ~ "x" * 43) }}
{% endcall %}
{% call card("Log", "log") %}
<div class="table"><table>
<caption>What was shared</caption>
<thead><tr><th scope="col">When</th><th scope="col">With</th><th scope="col">What</th></tr></thead>
<tbody><tr><td>22 November 2026</td><td>Tax online</td><td>Family name, date of birth</td></tr></tbody>
</table></div>
{% endcall %}
{% endblock %}""",
    "scan.html": """{% extends "base.html" %}
{% from "components.html" import link_button, notice, qr %}
{% block main %}
<p class="lead">Open your wallet on this device, or scan the code with it on another.</p>
<div class="actions">{{ link_button("Open the wallet", "openid4vp://?client_id=x") }}</div>
{% call qr(pixel, "Code that brings the request to a wallet on another device") %}
The code is good for two minutes. Scan it only if you opened this page yourself.
{% endcall %}
{% call notice("info", "This page waits for your wallet") %}<p><a href="/wait">Look again</a></p>{% endcall %}
{% endblock %}""",
}


NAVIGATION = [("/", "Attestations", True), ("/log", "Log", False), ("/about", "About", False)]
ISSUER = {"role": "Issuer of the Ministry of the Interior", "host": "issuer.localhost:7001"}
PROVIDER = {"role": "Sign-in of the Revenue Office", "host": "provider.localhost:7004"}
WALLET = {"role": "Your wallet", "host": "wallet.localhost:7005"}


def rendered(template: str, **values: object) -> str:
    """A page of the gallery."""
    shared = pages._environment()
    environment = shared.overlay(loader=ChoiceLoader([DictLoader(TEMPLATES), shared.loader]))
    portrait = Picture(image=PIXEL, alt="Portrait of the holder")
    return environment.get_template(template).render(csrf="the-token", pixel=PIXEL, portrait=portrait, **values)


def refused(explanation: Explanation | None, status: int, **values: object) -> str:
    """A refusal as a page."""
    return pages.error_page(**values)(explanation, "5f0c1e22ab34cd56", status).body.decode()


SIGN_IN = {
    "client": "Tax online",
    "here": "/sign-in?at=XtZkJOwkG-MqkODc",
    "other_device": "/sign-in/other-device",
    "cancel": "/sign-in/cancel",
    "failure": None,
}


def sign_in(**values: object) -> str:
    """The provider's page, as a role shows it, with changes."""
    shown = {
        "title": "Sign in to Tax online",
        "attestations": [("Person identification data", ["Family name", "Personal number"]), ("Diploma", [])],
        "pseudonym_from": ["Personal number"],
        "link": "haip-vp://?client_id=x509_hash%3Ax",
        "page": "http://wallet.localhost:7105/present?client_id=x509_hash%3Ax",
        "answered": False,
        "cross_device": True,
    }
    return rendered("sign_in.html", **(SIGN_IN | shown | PROVIDER | values))


def other_device(**values: object) -> str:
    """The provider's page with a code, as a role shows it, with changes."""
    shown = {"title": "Scan with your wallet", "code": PIXEL, "opened": False, "refresh": 3}
    return rendered("other_device.html", **(SIGN_IN | shown | PROVIDER | values))


GALLERY = {
    "log-in": rendered("log_in.html", title="Log in", **ISSUER),
    "consent": rendered("consent.html", title="Tax online asks for your data", navigation=NAVIGATION, **WALLET),
    "credential": rendered("credential.html", title="Personal identity", lang="en-GB", **WALLET),
    "scan": rendered("scan.html", title="Sign in with your wallet", navigation=[], **PROVIDER),
    "provider": rendered("provider.html", title="Sign-in", **PROVIDER),
    "sign-in": sign_in(),
    "sign-in failed": sign_in(failure=EXPLANATION, page=None, cross_device=False, pseudonym_from=[]),
    "sign-in answered": sign_in(link=None, page=None, answered=True),
    "code": other_device(),
    "code opened": other_device(opened=True, failure=EXPLANATION),
    "code expired": other_device(code=None, refresh=None),
    "error": refused(EXPLANATION, 400, back=("/", "Back to the service"), **PROVIDER),
    "unavailable": refused(EXPLANATION, 503, **WALLET),
    "bug": refused(None, 500, **WALLET),
}
