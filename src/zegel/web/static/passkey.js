/* Passkeys: a form is sent when the person's authenticator has answered what the registrar asks. Nothing is kept here. */
"use strict";

const states = [...document.querySelectorAll("[data-passkey-state]")];
const forms = [...document.querySelectorAll("form[data-passkey]")];

const say = (text) => states.forEach((state) => (state.textContent = text));

function bytes(text) {
  const base64 = text.replace(/-/g, "+").replace(/_/g, "/");
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

function text(buffer) {
  const binary = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(binary).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/* Options as JSON to what navigator.credentials takes (WebAuthn Level 3 section 5.1.8), which not every browser does itself. */
function decoded(options) {
  const known = (entries) => (entries || []).map((each) => ({ ...each, id: bytes(each.id) }));
  const made = { ...options, challenge: bytes(options.challenge) };
  if (options.user) made.user = { ...options.user, id: bytes(options.user.id) };
  if (options.excludeCredentials) made.excludeCredentials = known(options.excludeCredentials);
  if (options.allowCredentials) made.allowCredentials = known(options.allowCredentials);
  return made;
}

function encoded(credential) {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"])
    if (credential.response[name]) response[name] = text(credential.response[name]);
  return JSON.stringify({ id: credential.id, rawId: text(credential.rawId), type: credential.type, response });
}

async function ask(form) {
  const body = new URLSearchParams({ csrf: form.elements.csrf.value });
  if (form.elements.code) body.set("code", form.elements.code.value);
  const response = await fetch(form.dataset.options, { method: "POST", body, credentials: "same-origin" });
  if (response.status === 429) throw new Error("too many tries; wait a minute");
  const type = response.headers.get("content-type") || "";
  if (!response.ok || !type.startsWith("application/json")) throw new Error(form.dataset.refused || "load this page again");
  const publicKey = decoded(await response.json());
  return navigator.credentials[form.dataset.passkey]({ publicKey });
}

/* One question at a time: another challenge would take the place of the one that is being answered. */
let asking = false;

function send(event) {
  const form = event.target;
  event.preventDefault();
  if (asking) return;
  asking = true;
  say("Your browser asks for your passkey …");
  ask(form)
    .then((credential) => {
      form.elements.answer.value = encoded(credential);
      form.submit();
    })
    .catch((error) => {
      asking = false;
      const reasons = {
        NotAllowedError: "Nothing was chosen, or it took too long. Try again, or use your wallet.",
        InvalidStateError: "This device has a passkey for you here already.",
        SecurityError: "Passkeys do not work at this address.",
      };
      say(reasons[error.name] || `That did not work: ${error.message}.`);
    });
}

/* Who comes back to this page as it was left may ask again. */
window.addEventListener("pageshow", () => (asking = false));

if (window.PublicKeyCredential) {
  say("");
  for (const form of forms) {
    form.hidden = false;
    form.addEventListener("submit", send);
  }
}
