import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.harness.conformance.browser import CHROMIUM, a_tab
from tests.harness.conformance.report_files import a_case, a_report, written

from understudy_harness.conformance.cli import conform
from understudy_harness.conformance.gate import Gate
from understudy_harness.conformance.reference.wrong import WRONG
from understudy_harness.reports.json import write_json
from understudy_harness.reports.matrix import folder, one_page
from understudy_harness.reports.reading import Report, read_reports

HOSTILE = "</script></style></pre><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
VERDICTS = ["OK", "NON-STRICT", "FAILED", "INFO", "UNSUPPORTED", "SKIPPED", "ERROR", "INCONCLUSIVE"]
WORDS = ["OK", "non-strict", "failed", "info", "n/a", "skipped", "error", "unclear"]


def reports_of(tmp_path: Path, *reports: dict) -> list[Report]:
    files = [written(tmp_path, f"{number}.json", report) for number, report in enumerate(reports)]
    return [reading.report for reading in read_reports(files)]


class Document(HTMLParser):
    """What tests look at: elements with their attributes, ids, links, and the text."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(content.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, name: str) -> list[str]:
        return [value for _, attributes in self.elements if (value := attributes.get(name))]

    def cells(self) -> list[str]:
        return [
            attributes["aria-label"]
            for _, attributes in self.elements
            if str(attributes.get("class")).startswith("cell ")
        ]


@pytest.fixture
def every_verdict(tmp_path: Path) -> list[Report]:
    """Two clients with a case of each verdict and mark; the second is unclean in all of them, and lacks one."""
    cases = [a_case(f"9.{number}-made", verdict) for number, verdict in enumerate(VERDICTS, start=1)]
    cases += [
        a_case(f"10.{number}-made", "FAILED", mark=mark)
        for number, mark in enumerate(("silent", "loud", "hang", "storm"), start=9)
    ]
    unclean = [{**case, "clean": False, "untidy": ["no_secret"]} for case in cases[1:]]
    groups = {"9": "Tests", "10": "More tests"}
    return reports_of(tmp_path, a_report(*cases, groups=groups), a_report(*unclean, version="2", groups=groups))


def test_each_case_has_a_cell_for_each_client(every_verdict) -> None:
    """Groups down, in the order of numbers; a verdict is a word and a shape, not a colour alone."""
    document = Document(one_page(every_verdict))
    expected = [f"9.{number}-made, made 1: {verdict}" for number, verdict in enumerate(VERDICTS, start=1)]
    expected += [
        f"10.{number}-made, made 1: FAILED {mark}"
        for number, mark in enumerate(("silent", "loud", "hang", "storm"), start=9)
    ]
    assert [label for label in document.cells() if "made 1:" in label] == expected
    unclean = [label.replace("made 1", "made 2") + " UNCLEAN" for label in expected[1:]]
    assert [label for label in document.cells() if "made 2:" in label] == unclean
    icons = {attributes["id"]: None for tag, attributes in document.elements if tag == "symbol"}
    assert len(icons) == 12
    assert {
        link[1:] for tag, attributes in document.elements if tag == "use" and (link := attributes["href"])
    } <= icons.keys()
    for word in WORDS:
        assert word in document.text


def test_the_headline_counts_and_gives_no_single_grade(every_verdict) -> None:
    """MUST and SHOULD, silent failures, what is unclean; what is unsupported is listed."""
    text = " ".join(Document(one_page(every_verdict[:1])).text.split())
    assert "MUST 3/8" in text
    assert "SHOULD 0/0" in text
    assert "1 failed in silence" in text
    assert "0 UNCLEAN" in text
    assert "1 unsupported9.5-made" in text
    assert "1 skipped" in text
    assert "11 UNCLEAN" in Document(one_page(every_verdict[1:])).text


def test_every_link_inside_leads_somewhere(every_verdict, tmp_path: Path) -> None:
    """In one file, and in a folder from page to page."""
    single = Document(one_page(every_verdict))
    ids = single.all("id")
    assert len(ids) == len(set(ids))
    assert {link[1:] for link in single.all("href") if link.startswith("#")} <= set(ids)
    pages = folder(every_verdict)
    assert len(pages) == 13
    documents = {name: Document(content) for name, content in pages.items()}
    for name, document in documents.items():
        for link in document.all("href"):
            path, _, fragment = link.partition("#")
            target = (Path("/") / Path(name).parent / path).resolve().relative_to("/").as_posix() if path else name
            assert target in documents, link
            assert not fragment or fragment in documents[target].all("id"), link


def test_what_reports_hold_stays_text(tmp_path: Path) -> None:
    """Everywhere: names, titles, reasons, evidence, links; and no path leads out of the folder."""
    evidence = {
        "requests": [
            {
                "number": 1, "started": 0.1, "method": HOSTILE, "target": HOSTILE, "headers": [[HOSTILE, HOSTILE]],
                "body": HOSTILE, "answer": f"HTTP/1.1 200 OK\r\nx: {HOSTILE}\r\n\r\n{HOSTILE}\x00\u202e\ufeff", "frames": [HOSTILE],
            }
        ],
        "sockets": [{"number": HOSTILE, "broken": HOSTILE}], "driver_said": HOSTILE, "progress": [{"at": 0.1, "text": HOSTILE}],
        "standard_error": {"hex": "3c2f7072653e00ff"}, HOSTILE: HOSTILE,
    }  # fmt: skip
    expected = {"must": [{"written": HOSTILE, "met": False}], HOSTILE: []}
    about = {
        "rationale": HOSTILE,
        "references": [HOSTILE, "javascript:alert(1)//a/b#1"],
        "server": [HOSTILE],
        "expected": expected,
        "by_hand": [HOSTILE],
    }
    story = {"server": HOSTILE, "client": HOSTILE, "expected": HOSTILE}
    case = a_case(
        f"../../{HOSTILE}", "FAILED", title=HOSTILE, group=HOSTILE, reason=HOSTILE, again=HOSTILE, part=HOSTILE, unmet=[HOSTILE],
        measured={HOSTILE: HOSTILE}, about=about, story=story, evidence=evidence, clean=False, untidy=[HOSTILE],
    )  # fmt: skip
    report = a_report(
        case,
        a_case("..", "UNSUPPORTED", reason=HOSTILE),
        name=HOSTILE,
        version=HOSTILE,
        command=[HOSTILE],
        groups={HOSTILE: HOSTILE},
    )
    report["driver"]["client"] |= {
        "homepage": f"javascript:{HOSTILE}",
        "issues": "data:text/html,x",
        "runtime": HOSTILE,
    }
    pages = folder(reports_of(tmp_path, report))
    for name, content in {**pages, "one.html": one_page(reports_of(tmp_path, report))}.items():
        assert re.fullmatch(r"(cases/)?[A-Za-z0-9_-][A-Za-z0-9._-]*\.html", name)
        document = Document(content)
        assert {tag for tag, _ in document.elements} & {"script", "img", "iframe", "object"} == set()
        assert not [key for _, attributes in document.elements for key in attributes if key.startswith("on")]
        assert all(re.match(r"#|https://github\.com/|(\.\./)?[\w./-]+\.html", link) for link in document.all("href"))
    document = Document(pages[next(name for name in pages if "script" in name)])
    assert document.text.count(HOSTILE) > 20
    assert "\\x00\\u202e\\ufeff" in document.text
    assert "000000  3c 2f 70 72 65 3e 00 ff" in document.text


def test_what_is_long_is_cut_with_the_count(tmp_path: Path) -> None:
    """Texts, bytes, requests, of what went well more than of what did not; a page stays small whatever was sent."""
    request = {"started": 0.1, "method": "POST", "target": "/"}
    large = {"number": 1, "target": "/" + "t" * 9_000, "body": "b" * 1_000_000, "answer": {"hex": "00" * 500_000}}
    requests = [{**request, **large}, *({**request, "number": number} for number in range(2, 101))]
    evidence = {"requests": requests, "standard_error": "e" * 50_000}
    content = one_page(reports_of(tmp_path, a_report(a_case(evidence=evidence))))
    text = Document(content).text
    assert len(content) < 100_000
    assert "and 996,000 more characters; the JSON report has them" in text
    assert "and 498,976 more bytes; the JSON report has them" in text
    assert "and 94 more requests; the JSON report has them" in text
    failed = a_case(evidence=evidence, verdict="FAILED")
    assert "and 70 more requests" in Document(one_page(reports_of(tmp_path, a_report(failed)))).text
    assert "and 46,000 more characters" in text


def test_evidence_of_another_make_is_shown_as_it_is(tmp_path: Path) -> None:
    """It need not be what this version writes."""
    content = one_page(reports_of(tmp_path, a_report(a_case(evidence={"requests": "none", "exit_code": 3}))))
    assert '"exit_code": 3' in Document(content).text


def test_evidence_of_every_kind_has_its_place(tmp_path: Path) -> None:
    """Several calls, a second server, a program's exit code and output, and what was said over a WebSocket."""
    request = {"number": 1, "started": 0.1, "method": "GET", "target": "/v1/realtime", "status": 101}
    request["answer"] = "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n"
    messages = [
        {"at": 0.2, "by": "server", "kind": "text", "size": 5, "frames": 2, "data": "hello"},
        {"at": 0.3, "by": "client", "kind": "binary", "size": 900, "frames": 1, "data": {"hex": "07ff"}},
        {"at": 0.4, "by": "server", "kind": "close", "code": 1001, "reason": "bye"},
    ]
    socket = {"number": 1, "opened": 0.1, "closed": 0.5, "closed_by": "server"}
    socket |= {"messages": messages, "messages_left_out": 7}
    sound = {**request, "answer": {"hex": (b"HTTP/1.1 200 OK\r\nx: y\r\n\r\n" + b"\xff\x00").hex()}}
    call = {
        "op": "stream",
        "answer_word": "canary-1",
        "began": 0.0,
        "settled": 1.0,
        "outcome": "error",
        "kind": "quota",
    }
    evidence = {
        "requests": [request, {**sound, "number": 2}], "sockets": [socket],
        "second_server": {"requests": [{**request, "target": "/elsewhere", "answer": ""}], "sockets": []},
        "calls": [call] * 120, "exit_code": 3, "standard_output": "printed", "values": {"pace": 1.5},
    }  # fmt: skip
    report = a_report(a_case(evidence=evidence, tries=["FAILED", "OK", "OK"], runs=3), seat="P")
    text = Document(one_page(reports_of(tmp_path, report))).text
    for part in (
        "upgrade: websocket",
        "Over socket 1: 3 messages",
        '0.2  server text 5 bytes in 2 frames: hello\n0.3  client binary 900 bytes: {"hex": "07ff"}',
        "0.4  server close 1001 bye\nand 7 more messages",
        "HTTP/1.1 200 OK\nx: y",
        "000000  ff 00",
        "Second server: 1 request on 0 sockets",
        "GET /elsewhere",
        "1: stream at 0.0 s, error quota at 1.0 s, answer's word canary-1",
        "and 80 more",
        "exit code 3",
        "printed",
        '"pace": 1.5',
        "3 runs: FAILED, OK, OK",
        "program",
    ):
        assert part in text, part


def test_a_known_failure_and_a_reason_link_to_their_issues(tmp_path: Path) -> None:
    """Where the baseline, or the driver that declined, named one."""
    known = a_case("9.1-made", "FAILED", story={"client": "1 request"}, issue="https://example.com/known/1")
    declined = a_case("9.2-made", "SKIPPED", reason="it hangs https://example.com/2")
    document = Document(one_page(reports_of(tmp_path, a_report(known, declined))))
    assert {"https://example.com/known/1", "https://example.com/2"} <= set(document.all("href"))
    assert "known ashttps://example.com/known/1" in document.text


def test_the_matrix_shows_what_changed_since(tmp_path: Path) -> None:
    """The worst first, with links to the evidence of now; a client that was not there before is left out."""
    old = a_report(
        a_case("9.1-made"), a_case("9.2-made", "FAILED"), a_case("9.3-made"), started_at="2026-11-01T00:00:00Z"
    )
    new = a_report(a_case("9.1-made", "FAILED", mark="silent"), a_case("9.2-made"), a_case("9.4-made"), version="2")
    files = [
        written(tmp_path, "old.json", old),
        written(tmp_path, "new.json", new),
        written(tmp_path, "b.json", a_report(a_case(), name="b")),
    ]
    given = CliRunner().invoke(
        conform, ["report", "html", *map(str, files[1:]), "--since", str(files[0]), "-o", str(tmp_path / "m.html")]
    )
    assert given.exit_code == 0, given.output
    text = Document((tmp_path / "m.html").read_bytes()).text
    section = text.partition("Changed since 2026-11-01")[2].partition("Matrix")[0]
    assert section.startswith(
        "newly failed: 19.1-made made 2 OK → FAILED silentnewly passed: 19.2-made made 2 FAILED → OK"
        "not run before: 19.4-made made 2 not run → OKnot run any more: 19.3-made made 2 OK → not run"
    )
    assert 'href="#9.1-made--1"' in (tmp_path / "m.html").read_text(encoding="utf-8")
    refused = CliRunner().invoke(
        conform, ["report", "html", *map(str, files[:2]), "--since", str(files[2]), "-o", str(tmp_path / "x")]
    )
    assert (refused.exit_code, refused.output) == (2, "Error: no client is in both: there is nothing to compare.\n")
    assert not (tmp_path / "x").exists()


RUNS: dict[str, bytes] = {}
"""Reports of runs that several tests look at."""


@pytest.fixture
def real(run_suite, tmp_path: Path) -> Path:
    """The matrix of two real runs, in one file."""
    files = []
    for number, name in enumerate(("ignores-retry-after", "swallows-errors")):
        if name not in RUNS:
            suite = run_suite(WRONG[name], ["1.1", "1.10", "2.6", "2.10", "2.12", "4.2"])
            suite.introduction.client.version = str(number)
            RUNS[name] = write_json(suite, exit_code=Gate().exit_code(suite))
        file = tmp_path / f"{name}.json"
        file.write_bytes(RUNS[name])
        files.append(str(file))
    output = tmp_path / "matrix.html"
    given = CliRunner().invoke(conform, ["report", "html", *files, "-o", str(output)], catch_exceptions=False)
    assert (given.exit_code, given.output.strip()) == (0, str(output))
    return output


def test_the_evidence_behind_a_cell_is_that_of_the_run(real: Path) -> None:
    """Requests with times and bytes, expectations, measured values, and how to see it again."""
    text = " ".join(Document(real.read_bytes()).text.split())
    for part in (
        "1.1-seconds MUST",
        "server did429 (retry-after: 2), then 200",
        "expectedgap(1) >= 2.0, but gap(1) was 0.2",
        "not met gap(1) >= 2.0",
        "met requests == 2",
        "2 requests on 2 sockets",
        "retry-after: 2",
        "request 2..: the standard answer",
        "understudy conform explain 1.1-seconds",
        "understudy conform serve 1.1-seconds --port 8081",
        "Run it alone: understudy conform run --driver reference --select 1.1-seconds",
        "earendil-works/pi#9595",
        "Driver's answer",
        "sk-canar****",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("no/such/m.html", "its folder does not exist"),
        ("no/such/m", "its parent folder does not exist"),
        ("file", "a file stands there"),
    ],
)
def test_a_place_where_nothing_can_be_written_is_wrong_usage(path: str, problem: str, tmp_path: Path) -> None:
    """It is said before anything is run or read."""
    (tmp_path / "file").write_bytes(b"")
    for command in (["report", "html", "r.json", "-o"], ["run", "--driver", "no-such-program", "--html"]):
        given = CliRunner().invoke(conform, [*command, str(tmp_path / path)])
        assert given.exit_code == 2
        assert problem in " ".join(given.output.split())


def test_a_run_writes_its_own_matrix(tmp_path: Path) -> None:
    """A folder, when the name does not end in .html."""
    import shlex
    import sys

    driver = f"{shlex.quote(sys.executable)} -m understudy_harness.conformance.reference"
    given = CliRunner().invoke(
        conform, ["run", "--driver", driver, "--select", "1.11", "--html", str(tmp_path / "m")], catch_exceptions=False
    )
    assert given.exit_code == 0, given.output
    assert sorted(file.relative_to(tmp_path / "m").as_posix() for file in (tmp_path / "m").rglob("*.html")) == [
        "cases/1.11-retries-off.html",
        "index.html",
    ]


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory):
    """A real browser."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    with a_tab(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


CONTRASTS = """
(() => {
  const numbers = colour => colour.match(/[\\d.]+/g).map(Number);
  const light = colour => { const [r, g, b] = numbers(colour).slice(0, 3).map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const behind = element => { for (; element; element = element.parentElement) { const c = getComputedStyle(element).backgroundColor; if (numbers(c)[3] !== 0) return c; } return "rgb(255, 255, 255)"; };
  const found = {};
  for (const element of document.querySelectorAll("main *")) {
    if (![...element.childNodes].some(node => node.nodeType === 3 && node.data.trim())) continue;
    const [a, b] = [light(getComputedStyle(element).color), light(behind(element))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    const name = element.tagName + "." + element.className + " in " + element.parentElement.className;
    if (ratio < 4.5) found[name] = ratio;
  }
  return found;
})()
"""


@pytest.mark.parametrize("dark", [False, True])
def test_every_text_can_be_read_in_light_and_in_dark(
    dark: bool, tab, every_verdict, real: Path, tmp_path: Path
) -> None:
    """A contrast of 4.5 to 1 at least (WCAG 2.2, 1.4.3), in every verdict, and something of both colours."""
    (tmp_path / "all.html").write_bytes(one_page(every_verdict))
    grounds = set()
    for file in (tmp_path / "all.html", real):
        tab.open(file, dark=dark)
        tab.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        assert tab.evaluate(CONTRASTS) == {}
        grounds.add(tab.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert grounds == {"rgb(20, 23, 26)" if dark else "rgb(251, 251, 250)"}


def test_the_page_loads_nothing_and_runs_nothing(tab, tmp_path: Path) -> None:
    """Even when a report is full of scripts; and the browser has nothing to complain about."""
    evidence = {"driver_said": HOSTILE, "requests": [], HOSTILE: HOSTILE}
    reports = reports_of(tmp_path, a_report(a_case(HOSTILE, title=HOSTILE, evidence=evidence), name=HOSTILE))
    (tmp_path / "m.html").write_bytes(one_page(reports))
    tab.open(tmp_path / "m.html")
    assert tab.fetched == [(tmp_path / "m.html").as_uri()]
    assert tab.complaints == []
    assert tab.evaluate("document.title").startswith("OpenAI client conformance")


@pytest.mark.parametrize("width", [390, 1400])
def test_the_page_fits_a_phone_and_a_desktop(width: int, tab, real: Path) -> None:
    """Nothing sticks out; the matrix scrolls by itself, below a head and beside a column that stay."""
    tab.open(real, width=width, height=900)
    tab.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert tab.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    stays = tab.evaluate(
        """(() => {
          const scroller = document.querySelector('.scroller'), box = scroller.getBoundingClientRect();
          scroller.style.maxHeight = '12rem';
          scroller.scrollTop = 300; scroller.scrollLeft = 60;
          const head = scroller.querySelector('thead th').getBoundingClientRect();
          const name = [...scroller.querySelectorAll('tr.case th')].at(-1).getBoundingClientRect();
          return [scroller.scrollTop > 100, head.top - box.top, name.left - box.left];
        })()"""
    )
    assert stays == [True, 1, 1]


def test_the_page_is_used_by_keyboard_alone(tab, real: Path) -> None:
    """Tab reaches the clients, the filter, the matrix and its cells; focus is seen; Enter leads to the evidence."""
    tab.open(real)
    seen = []
    for _ in range(60):
        tab.press("Tab")
        told = tab.evaluate(
            """(() => { const e = document.activeElement, s = getComputedStyle(e.closest('label') || e);
            return [e.tagName, e.getAttribute('aria-label') || e.id || e.textContent, s.outlineStyle, parseFloat(s.outlineWidth)]; })()"""
        )
        seen.append(told)
        if told[1] == "1.1-seconds, reference 0: FAILED":
            break
        if told[1] == "show-all":
            tab.press("ArrowRight")
            shown = tab.evaluate(
                "[...document.querySelectorAll('tr.case')].filter(row => row.offsetHeight).map(row => row.id)"
            )
    assert seen[-1][1] == "1.1-seconds, reference 0: FAILED"
    assert [told for told in seen if told[2] == "none" or told[3] < 2] == []
    assert {"SUMMARY", "INPUT", "DIV", "A"} <= {told[0] for told in seen}
    labels = Document(real.read_bytes()).cells()
    assert shown == list(dict.fromkeys(f"{label.split(',')[0]}-row" for label in labels if not label.endswith(": OK")))
    assert 0 < len(shown) < 6
    tab.press("Enter")
    assert tab.evaluate("location.hash") == "#1.1-seconds--1"
    assert tab.evaluate("document.querySelector(':target h5').textContent") == "reference 0"
    assert 0 <= tab.evaluate("document.querySelector(':target').getBoundingClientRect().top") < 100


def test_the_page_prints_whole(tab, real: Path) -> None:
    """The matrix is not cut by its scroller, the buttons are gone, and paper is white though the screen be dark."""
    tab.open(real, width=700, media="print", dark=True)
    assert tab.evaluate("getComputedStyle(document.querySelector('.scroller')).overflow") == "visible"
    assert tab.evaluate("getComputedStyle(document.querySelector('.filters')).display") == "none"
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert tab.evaluate("getComputedStyle(document.body).color") == "rgb(27, 31, 36)"
    assert tab.evaluate("document.documentElement.scrollWidth <= 700")
