"""The report in a real browser: headless Chromium, from a file URL, without a network.

LOOPBOUND_BROWSER=required makes a missing browser a failure, as .ci/run does; elsewhere the tests
are skipped with the reason.
"""

import base64
import os
import re
import shutil

import pytest

from paper_figures import style
from paper_figures.catalogue import FIGURES
from paper_figures.render import image
from validation import claims, gaussian, page, report
from validation.calibrated import FALSE_FAIL, FALSE_PASS
from validation.check import check
from validation.compact import as_uri

NAMES = ("chromium", "chromium-browser", "google-chrome")
PHONE = {"width": 360, "height": 740}
DESKTOP = {"width": 1280, "height": 800}
FACTS = {
    "complete": True, "command": "python -m validation gaussian", "seed": 0, "resolve": 0.5,
    "perturb": 0.0, "false_fail": FALSE_FAIL, "false_pass": FALSE_PASS, "tested": 4,
    "experiments": 4, "versions": {"loopbound": "0.0"}, "commit": "abc123", "data": None,
    "language_models": None,
}  # fmt: skip


def missing(reason):
    if os.environ.get("LOOPBOUND_BROWSER") == "required":
        pytest.fail(f"LOOPBOUND_BROWSER=required, but {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="module")
def chromium():
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        missing(f"no browser is installed (looked for {', '.join(NAMES)})")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as problem:
        missing(f"playwright is not installed: {problem}")
    with sync_playwright() as driver:
        # Containers have neither the user namespaces of the sandbox nor a large /dev/shm.
        options = ["--no-sandbox", "--disable-dev-shm-usage"]
        browser = driver.chromium.launch(executable_path=found, args=options, timeout=120_000)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """A report of exact values, bounds and a likelihood, written as the command writes it."""
    names = ["gaussian/replace/ddof0/dim1/n2", "gaussian/accumulate/ddof0/dim3/n12"]
    chosen = claims.select(names, list(gaussian.experiments()))
    findings = [f for group in check(chosen, replicates=2000, resolve=0.5) for f in group]
    assert 5 <= len(findings) < 40
    path = tmp_path_factory.mktemp("report") / "report.html"
    # One figure of the papers, all are made alike, and that of the page on language models.
    some = {name: FIGURES[name] for name in ("universal_inflation", "lm_verification")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("paper_figures.catalogue.FIGURES", some)
        page.write(path, findings, {**FACTS, "versions": report.environment()})
    return path


@pytest.fixture
def seen(chromium, file):
    """A tab on the report; fails at the end if it logged, threw or asked for anything."""
    context = chromium.new_context(viewport=DESKTOP)
    tab = context.new_page()
    tab.set_default_timeout(60_000)
    said, asked = [], []
    tab.on("console", lambda message: said.append(message.text))
    tab.on("pageerror", lambda problem: said.append(str(problem)))
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(file.as_uri())
    yield tab
    context.close()
    assert said == []
    assert [url for url in asked if not url.startswith(("data:", file.as_uri()))] == []


def shown_pages(tab):
    return tab.eval_on_selector_all(
        ".page", "all => all.filter(one => one.offsetHeight > 0).map(one => one.id)"
    )


def test_the_answer_is_on_the_first_screen(seen):
    assert shown_pages(seen) == ["summary"]
    for words in ("agree with the simulation", "worst discrepancy", "weakest power", "Gaussian"):
        box = seen.locator("#summary").get_by_text(words).first.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= DESKTOP["height"], words


def test_every_page_is_reached_by_links_and_shown_alone(seen):
    everything = set(seen.eval_on_selector_all(".page", "all => all.map(one => one.id)"))
    reached, waiting = set(), ["summary"]
    while waiting:
        key = waiting.pop()
        if key in reached:
            continue
        reached.add(key)
        seen.evaluate("key => { location.hash = key; }", key)
        seen.wait_for_function("key => document.getElementById(key).offsetHeight > 0", arg=key)
        assert shown_pages(seen) == [key]
        links = seen.eval_on_selector_all(
            f"header a, #{key} a[href^='#']", "all => all.map(one => one.hash.slice(1))"
        )
        waiting += [link for link in links if link in everything]
    assert reached == everything
    assert len([key for key in everything if key.startswith("statement-")]) > 10


def test_a_click_leads_to_a_family_and_on_to_a_quantity(seen):
    seen.locator("#summary table").first.get_by_role("link", name="Gaussian").click()
    assert shown_pages(seen) == ["gaussian"]
    assert seen.locator("header a[aria-current=page]").inner_text() == "Gaussian"
    seen.locator("#gaussian table").first.get_by_role(
        "link", name="Error of the mean", exact=True
    ).click()
    assert shown_pages(seen) == ["gaussian"]
    top = seen.locator("#gaussian-mean_error").bounding_box()["y"]
    header = seen.locator("header").bounding_box()["height"]
    assert header <= top < DESKTOP["height"] / 2  # not behind the header


def test_every_image_is_loaded_and_says_what_it_shows(seen):
    pictures = seen.evaluate(
        """() => Promise.all([...document.images].map(async (one) => {
            await one.decode();
            return [one.naturalWidth, one.alt];
        }))"""
    )
    assert len(pictures) > 10
    for width, alt in pictures:
        assert width > 100
        assert len(alt) > 20


def column(tab, number):
    return tab.eval_on_selector_all(
        "#every-claim tbody tr",
        "(rows, i) => rows.map(row => Number(row.cells[i].dataset.value))",
        number,
    )


def test_a_header_sorts_one_way_then_the_other_by_mouse_and_keyboard(seen):
    seen.evaluate("location.hash = 'claims'")
    head = seen.locator("#every-claim th", has_text="worst z")
    assert head.get_attribute("aria-sort") is None
    before = column(seen, 3)
    assert before != sorted(before, reverse=True)
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    assert column(seen, 3) == sorted(before, reverse=True)
    head.get_by_role("button").focus()
    seen.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "ascending"
    assert column(seen, 3) == sorted(before)


def test_words_and_a_verdict_filter_the_claims(seen):
    seen.evaluate("location.hash = 'claims'")
    rows = seen.locator("#every-claim tbody tr:visible")
    every = rows.count()
    seen.get_by_role("searchbox").fill("replace mean_error")
    assert 0 < rows.count() < every
    assert all(re.search("replace.*mean_error", text) for text in rows.all_inner_texts())
    assert seen.locator(".filter output").inner_text() == f"{rows.count()} of {every} shown"
    seen.get_by_role("searchbox").fill("")
    options = seen.locator(".filter option").all()
    verdict, number = re.fullmatch(r"(.*) \((\d+)\)", options[1].inner_text()).groups()
    seen.locator(".filter select").select_option(verdict)
    assert rows.count() == int(number)


def test_nothing_scrolls_sideways_on_a_phone_but_boxes(seen):
    seen.set_viewport_size(PHONE)
    keys = seen.eval_on_selector_all(".page", "all => all.map(one => one.id)")
    for key in keys:
        seen.evaluate("key => { location.hash = key; }", key)
        seen.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        assert seen.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], key


def test_formulas_are_drawn(seen):
    seen.evaluate("location.hash = 'gaussian-mean_error'")
    box = seen.locator("#gaussian-mean_error math mfrac").first.bounding_box()
    assert box["height"] > 20
    assert box["width"] > 20


def test_a_command_is_copied(seen, file):
    seen.context.grant_permissions(["clipboard-read", "clipboard-write"])
    seen.evaluate("location.hash = 'method'")
    seen.locator("#method .copy").click()
    seen.locator("#method .copy", has_text="copied").wait_for()
    assert seen.evaluate("navigator.clipboard.readText()") == FACTS["command"]


def test_it_is_whole_without_its_script(chromium, file):
    context = chromium.new_context(viewport=DESKTOP, java_script_enabled=False)
    tab = context.new_page()
    tab.goto(f"{file.as_uri()}#claims")
    assert tab.locator("#every-claim").is_visible()
    assert not tab.locator("#summary").is_visible()
    assert tab.locator(".filter").is_hidden()
    context.close()


DIFFERENCE = """async (sources) => {
    const pixels = [];
    for (const source of sources) {
        const image = new Image();
        image.src = source;
        await image.decode();
        const canvas = new OffscreenCanvas(1440, Math.round(1440 * image.height / image.width));
        const context = canvas.getContext("2d");
        context.drawImage(image, 0, 0, canvas.width, canvas.height);
        pixels.push(context.getImageData(0, 0, canvas.width, canvas.height).data);
    }
    let ink = 0, other = 0;
    for (let i = 0; i < pixels[0].length; i += 4) {
        ink += pixels[0][i] < 240;
        other += Math.abs(pixels[0][i] - pixels[1][i]) > 32;
    }
    return [pixels[0].length === pixels[1].length, ink, other];
}"""


def test_a_figure_in_fewer_bytes_looks_the_same(chromium):
    """At twice the width of a page: no pixel changes by more than an eighth of the scale, beyond
    one in a hundred of those with ink, where an edge moves by a fiftieth of a pixel."""
    module = FIGURES["universal_inflation"]
    with style.publication():
        content = image(module.draw(module.data()), "svg", module.TITLE)
    tab = chromium.new_page()
    whole = f"data:image/svg+xml;base64,{base64.b64encode(content).decode()}"
    same_size, ink, other = tab.evaluate(DIFFERENCE, [whole, as_uri(content)])
    assert same_size
    assert ink > 10_000
    assert other < ink / 100
    tab.close()
