"""The report, as text and in a real browser."""

import json
import re
import shutil

import pandas as pd
import pytest
from small import digits, run_with

import netrobust as nr
from netrobust.core.errors import InputError
from netrobust.studies.report import BIBTEX, report

EVIL = "</script><img src=x onerror=alert(1)>"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of one network, damaged, whose tables and log hold hostile words."""
    run = run_with(tmp_path_factory.mktemp("report") / "run", "set")
    (network,) = run.networks()
    table = nr.percolate(
        network, digits(), ["random_links", "strongest_links"], [0, 0.5, 1],
        replicates=1, images=100,
    )  # fmt: skip
    run.save_table("percolation", table)
    summary = table[table.fraction == 0].drop_duplicates("network")
    summary = summary[["network", "dataset", "sparsifier", "network_seed", "accuracy"]]
    more = summary.assign(network=EVIL, network_seed=1, accuracy=0.01)
    run.save_table("summary", pd.concat([summary, more]))
    run.note(f"training {EVIL}: 1.5 s")
    return run


@pytest.fixture(scope="module")
def page(run):
    return report(run)


def test_the_page_holds_what_the_run_has_and_fetches_nothing(run, page):
    text = page.read_text("utf-8")
    assert page == run.path / "report.html"
    assert run.networks()[0].name in text
    assert "Claim: networks with adaptive topology stay robust" in text
    assert text.count('<img src="data:image/svg+xml;base64,') == 1
    for version in json.loads((run.path / "manifest.json").read_text())["versions"]:
        assert version in text
    bare = re.sub(r"(<script[^>]*>).*?</script>", r"\1", text, flags=re.DOTALL)
    assert not re.search(r"<(script|link|img)[^>]* (src|href)=\"(?!data:)", bare)
    assert page.stat().st_size < 5e6


def test_what_a_run_folder_says_is_never_markup(page):
    assert EVIL not in page.read_text("utf-8")
    assert "&lt;/script&gt;&lt;img src=x" in page.read_text("utf-8")


def test_several_runs_are_compared(run, tmp_path):
    other = run_with(tmp_path / "other", "static")
    text = report([run, other], tmp_path / "both.html").read_text("utf-8")
    assert "Settings that differ" in text
    assert "1: run" in text
    assert "2: other" in text


def test_what_is_no_run_is_refused(run, tmp_path):
    with pytest.raises(InputError, match="needs a run"):
        report([])
    one = nr.open_run(run.network_path(run.networks()[0].name).parent)
    with pytest.raises(InputError, match="whole runs"):
        report(one)


def test_the_citation_is_that_of_the_project(request):
    cited = (request.config.rootpath / "CITATION.cff").read_text("utf-8")
    (title,) = re.findall(r"title = \{\{(.+?)\}\}", BIBTEX, re.DOTALL)
    assert " ".join(title.split()) in cited
    assert re.findall(r"doi = \{(.+)\}", BIBTEX)[0] in cited


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None or DRIVER is None:
        pytest.skip("chromium and chromium-driver are not installed")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService(DRIVER)
    driver = webdriver.Chrome(options=options, service=service)
    yield driver
    driver.quit()


MODELS = "Bokeh.documents.flatMap(one => [...one._all_models.values()])"
READY = f"return !!window.Bokeh && {MODELS}.some(one => one.type == 'Slider')"
WORDS = f"return {MODELS}.find(one => one.type == 'Div').text"
SLIDE = f"{MODELS}.find(one => one.type == 'Slider').value = 0.5"
TABS = f"return {MODELS}.find(one => one.type == 'Tabs').tabs.map(one => one.title)"
KEPT = f"""
const filters = {MODELS}.filter(one => one.type == 'BooleanFilter')
const masks = filters.flatMap(one => one.booleans)
return [masks.filter(one => one).length, masks.length]
"""
WIDER = (
    "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
)


def test_the_page_works_in_a_browser(page, browser):
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.ui import WebDriverWait

    wait = WebDriverWait(browser, 300)
    for width in (400, 1300):
        browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False},
        )
        browser.get(page.as_uri())
        wait.until(lambda driver: driver.execute_script(READY))
        assert browser.execute_script(WIDER) == 0, width
    for image in browser.find_elements(By.TAG_NAME, "img"):
        assert browser.execute_script("return arguments[0].naturalWidth", image) > 0
    assert browser.execute_script(TABS) == ["layer 1", "layer 2"]
    intact = browser.execute_script(WORDS)
    assert "test accuracy" in intact
    assert "giant component" in intact
    browser.execute_script(SLIDE)
    wait.until(lambda driver: driver.execute_script(WORDS) != intact)
    links, left = re.findall(r"[\d,]+", browser.execute_script(WORDS))[1::-1]
    assert int(left.replace(",", "")) == pytest.approx(
        int(links.replace(",", "")) / 2, abs=1
    )
    kept, all_links = browser.execute_script(KEPT)
    assert kept == pytest.approx(all_links / 2, abs=2)
    assert all_links == int(links.replace(",", ""))
    table = browser.find_element(By.CSS_SELECTOR, "table.sortable")
    heads = table.find_elements(By.TAG_NAME, "th")
    place = [head.text for head in heads].index("accuracy")
    heads[place].click()
    cells = table.find_elements(By.CSS_SELECTOR, f"td:nth-child({place + 1})")
    values = [float(cell.get_attribute("data-value")) for cell in cells]
    assert values == sorted(values)
    assert len(values) > 1
    assert len(browser.print_page()) > 1000
    levels = {one["level"] for one in browser.get_log("browser")}
    assert not levels & {"SEVERE", "WARNING"}
