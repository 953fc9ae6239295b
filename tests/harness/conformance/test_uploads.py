import pytest

from understudy.core.messages import Request
from understudy_harness.conformance.canary import Canary
from understudy_harness.conformance.case_script import CaseScript
from understudy_harness.conformance.uploads import upload_problem

NAMED = 'name="image[]"; filename="a.png"\r\nContent-Type: image/png'


def edit(*heads: str, path: str = "/v1/images/edits", kind: str = "multipart/form-data; boundary=b") -> Request:
    """A request with a part for each head."""
    parts = [f"--b\r\nContent-Disposition: form-data; {head}\r\n\r\nPNG\r\n" for head in heads]
    return Request("POST", path, {b"content-type": kind.encode()}, "".join([*parts, "--b--\r\n"]).encode())


@pytest.mark.parametrize(
    "request_",
    [
        edit(NAMED),
        edit(NAMED, NAMED),
        edit(NAMED.replace("image[]", "image"), 'name="prompt"'),
        edit(NAMED, 'name="mask"; filename="m.png"\r\nContent-Type: image/png'),
        edit("name=x", path="/v1/files"),
    ],
    ids=["one", "two", "one that is no list", "with a mask", "elsewhere"],
)
def test_what_the_real_api_takes_is_taken(request_: Request) -> None:
    """One picture under either name, several as a list; other paths are nobody's business here."""
    assert upload_problem(request_) is None


@pytest.mark.parametrize(
    ("request_", "problem"),
    [
        (edit(NAMED, kind="application/json"), "not a form with files in it (no_form)"),
        (edit(NAMED, kind="multipart/form-data"), "(no_boundary)"),
        (edit(NAMED, kind="multipart/form-data; boundary=c"), "(broken)"),
        (edit('name="prompt"'), "Missing required parameter: 'image'"),
        (edit('name="image"\r\nContent-Type: image/png'), "part 1 has no filename"),
        (edit(NAMED, 'name="image[]"; filename="b.png"'), "mimetype ('application/octet-stream') of part 2"),
        (edit(NAMED.replace("image/png", "application/octet-stream")), "of part 1"),
        (edit(*[NAMED.replace("image[]", "image")] * 2), "use 'image[]' to send several"),
    ],
)
def test_what_it_does_not_take_is_named(request_: Request, problem: str) -> None:
    """A sentence says which part is wrong and how."""
    assert problem in (upload_problem(request_) or "")


def test_a_case_refuses_bad_uploads_where_it_would_have_answered() -> None:
    """An error that the case has comes first, and the refusal uses none of its steps up."""
    steps = [{"on": 2, "status": 500, "error": {"message": "No"}}, {"on": "1..", "answer": "ok"}]
    script = CaseScript("made", steps, "image.edit", {}, Canary("sk-a", "word"))
    bad = edit('name="image"')
    told = [script.next(each, "", "", 0) for each in (bad, bad, bad, edit(NAMED))]
    answers = [fault.answer(0) for fault in told if fault is not None]
    assert [each.status for each in answers if each is not None] == [400, 500, 400, 200]
