"""What every page has to be: named, labelled, without scripts, readable in light and dark, and usable with a keyboard
and on a telephone."""

from playwright.sync_api import Page

from zegel_testing.chromium import NARROW, WIDE

MAX_STOPS = 60  # no page has so many controls

# What is wrong with the page as it stands.
_FAULTS = """() => {
  const faults = [], root = document.documentElement, all = (what) => [...document.querySelectorAll(what)];
  const name = (element) => element.outerHTML.slice(0, 80);
  // what a closed <details> holds has no innerText
  const said = (element) => (element.checkVisibility() ? element.innerText : element.textContent).trim();
  const must = (holds, fault) => { if (!holds) faults.push(fault); };
  must(/^[a-z]{2}(-[A-Z]{2})?$/.test(root.lang), "no language");
  must(document.title.trim(), "no title");
  must(document.characterSet === "UTF-8", "not UTF-8");
  must(all("h1").length === 1, "not one h1");
  must(all("main").length === 1, "not one main");
  must(all("meta[name=viewport]").length === 1, "no viewport");
  let level = 0;
  for (const heading of all("h1, h2, h3, h4")) {
    must(Number(heading.tagName[1]) <= level + 1, "a level is left out before " + name(heading));
    level = Number(heading.tagName[1]);
  }
  for (const field of all("input:not([type=hidden]), select, textarea"))
    must(field.labels && field.labels.length && said(field.labels[0]), "no label: " + name(field));
  for (const group of all("fieldset")) must(group.querySelector("legend"), "no legend: " + name(group));
  for (const image of all("img")) must(image.hasAttribute("alt"), "no alt: " + name(image));
  for (const image of all("img")) must(!image.complete || image.naturalWidth, "does not load: " + name(image));
  for (const control of all("a[href], button")) must(said(control), "says nothing: " + name(control));
  // what one looks for in public may stand in an address
  const sought = (field) => /^(search|submit)$/.test(field.type);
  const searches = (form) => form.role === "search" && [...form.elements].every(sought);
  for (const form of all("form"))
    must(form.method === "post" || searches(form), "a form that does not post: " + name(form));
  must(!all("script, style, iframe, object, embed").length, "a script, a style or a frame");
  for (const element of all("*"))
    for (const attribute of element.attributes)
      must(!/^(on|style$)/.test(attribute.name) && !/^javascript:/i.test(attribute.value), "inline: " + name(element));
  const ids = all("[id]").map((element) => element.id);
  must(new Set(ids).size === ids.length, "an id twice");
  for (const element of all("[aria-labelledby], [aria-describedby]"))
    for (const to of ["aria-labelledby", "aria-describedby"])
      for (const id of (element.getAttribute(to) || "").split(" ").filter(Boolean))
        must(ids.includes(id), "refers to nothing: " + name(element));
  for (const element of all("link[href], img[src]")) {
    const url = element.href || element.src;
    must(url.startsWith(location.origin + "/") || url.startsWith("data:image/"), "from elsewhere: " + name(element));
  }
  return faults;
}"""

# What does not fit the window, and text without enough contrast to what is behind it (WCAG 2.2, 1.4.3 and 1.4.10).
_LOOKS = """() => {
  const faults = [], root = document.documentElement, beyond = root.scrollWidth - root.clientWidth;
  if (beyond > 0) faults.push(`wider than the window by ${beyond}`);
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const part = (value) => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  const ground = (element) => {
    for (; element; element = element.parentElement) {
      const colour = numbers(getComputedStyle(element).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return matchMedia("(prefers-color-scheme: dark)").matches ? [18, 18, 18] : [255, 255, 255];
  };
  for (const element of document.querySelectorAll("body *")) {
    const texts = [...element.childNodes].filter((node) => node.nodeType === 3 && node.data.trim());
    if (!texts.length || !element.checkVisibility()) continue;
    const style = getComputedStyle(element), size = parseFloat(style.fontSize);
    const [dark, bright] = [light(numbers(style.color)), light(ground(element))].sort((a, b) => a - b);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const contrast = (bright + 0.05) / (dark + 0.05);
    if (contrast < (large ? 3 : 4.5)) faults.push(`contrast ${contrast.toFixed(2)}: ${element.outerHTML.slice(0, 80)}`);
  }
  return faults;
}"""

# The controls that a keyboard has to reach: of radio buttons of one name, the one that is chosen.
_CONTROLS = """() => {
  const all = [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")];
  const shown = all.filter((control) => control.checkVisibility() && !control.disabled);
  window.controls = shown.filter((control) => control.type !== "radio" || control.checked);
  document.activeElement.blur();
  window.getSelection().removeAllRanges();
  return window.controls.map((control) => control.outerHTML.slice(0, 80));
}"""
_FOCUSED = """() => {
  const style = getComputedStyle(document.activeElement);
  const seen = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  const box = document.activeElement.getBoundingClientRect();
  const inside = box.right > 0 && box.left < innerWidth && box.width > 0;
  return [window.controls.indexOf(document.activeElement), seen && inside];
}"""


def faults_of(page: Page) -> list[str]:
    """What is wrong with a page, in words; it is left as it was found."""
    faults: list[str] = list(page.evaluate(_FAULTS))
    for scheme in ("light", "dark"):
        for size in (WIDE, NARROW):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.set_viewport_size(size)
            faults += [f"{scheme}, {size['width']} px: {fault}" for fault in page.evaluate(_LOOKS)]
    page.set_viewport_size(WIDE)
    page.emulate_media(color_scheme="light", reduced_motion="no-preference")
    return faults + keyboard_faults(page)


def keyboard_faults(page: Page) -> list[str]:
    """The controls that Tab does not reach in order, or on which nothing shows that they are reached."""
    controls: list[str] = page.evaluate(_CONTROLS)
    assert len(controls) < MAX_STOPS
    reached: list[int] = []
    faults: list[str] = []
    for _ in controls:
        page.keyboard.press("Tab")
        at, seen = page.evaluate(_FOCUSED)
        reached.append(at)
        if not seen:
            faults.append(f"focus is not seen: {controls[at] if at >= 0 else 'nowhere'}")
    if reached != list(range(len(controls))):
        faults.append(f"Tab goes {reached}, of {controls}")
    return faults
