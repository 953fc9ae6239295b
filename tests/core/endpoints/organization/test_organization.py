"""The endpoints under /v1/organization: what an admin key reads is true, and what it sets holds."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from jsonschema import Draft202012Validator

from understudy.core.clock import DAY, SECOND
from understudy.core.dates import midnight
from understudy.core.messages import Request
from understudy.core.pricing import DOLLAR

if TYPE_CHECKING:
    from tests.conftest import Api, Result

DOCUMENT = json.loads((Path(__file__).parents[3] / "openapi" / "organization.json").read_text(encoding="utf-8"))
ADMIN = "sk-admin-0123456789"
KEY = "sk-test-0123456789"
START = midnight(date(2026, 11, 20))


def closed(schema: Any) -> Any:
    """No field that the document does not name, but where it puts schemas together."""
    if isinstance(schema, list):
        return [closed(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: closed(entry) for name, entry in schema.items()}
    if isinstance(made.get("properties"), dict):
        made.setdefault("additionalProperties", False)
    return made


PUT_TOGETHER = ("AdminApiKey", "AdminApiKeyCreateResponse")
SCHEMAS = {
    name: schema if name in PUT_TOGETHER else closed(schema)
    for name, schema in DOCUMENT["components"]["schemas"].items()
}
TEMPLATES = {
    (method, re.compile(re.sub(r"\{\w+\}", "[^/]+", path) + r"\Z")): schema
    for (method, path), schema in ((name.split(" "), schema) for name, schema in DOCUMENT["operations"].items())
}


class Admin:
    """An admin key's client, which holds every 200 against the document."""

    def __init__(self, api: Api, key: str = ADMIN, **headers: str) -> None:
        self.api = api
        self.key = key
        self.headers = headers

    def send(self, method: str, path: str, body: Any = None, **query: Any) -> Result:
        path = f"/v1/organization/{path}"
        given = {b"authorization": f"Bearer {self.key}".encode()}
        given |= {name.lower().replace("_", "-").encode(): value.encode() for name, value in self.headers.items()}
        request = Request(method, path, given, b"" if body is None else json.dumps(body).encode())
        request.query = urlencode(query, doseq=True).encode()
        result = self.api.ask(request)
        if result.status == 200:
            [schema] = [
                schema for (verb, template), schema in TEMPLATES.items() if verb == method and template.match(path)
            ]
            Draft202012Validator({**schema, "components": {"schemas": SCHEMAS}}).validate(result.json)
        return result

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        result = self.send(method, path, body, **query)
        assert result.status == 200, result.body
        return result.json

    def get(self, path: str, **query: Any) -> Any:
        return self.call("GET", path, **query)

    def post(self, path: str, **body: Any) -> Any:
        return self.call("POST", path, body)

    def delete(self, path: str) -> Any:
        return self.call("DELETE", path)

    @property
    def project(self) -> str:
        """The path of the test key's project."""
        return f"projects/{self.api.simulator.account(KEY).project.id}"


@pytest.fixture
def api(make_api: Callable[..., Api]) -> Api:
    api = make_api(at=START, tier=2)
    api.chat(key=KEY)
    return api


@pytest.fixture
def admin(api: Api) -> Admin:
    return Admin(api)


def test_other_keys_may_not_ask(api: Api) -> None:
    """403 with the scope that is missing; and an admin key may ask nothing else."""
    refused = Admin(api, KEY).send("GET", "projects")
    assert refused.status == 403
    assert "Missing scopes: api.management.read." in refused.error["message"]
    assert "api.management.write" in Admin(api, KEY).send("POST", "projects", {"name": "x"}).error["message"]
    refused = api.chat(key=ADMIN)
    assert (refused.status, "model.request" in refused.error["message"]) == (403, True)


def test_projects_are_listed_made_renamed_and_archived(admin: Admin) -> None:
    """An archived project is shown on demand, its keys are refused, and it stays as it is."""
    before = [project["id"] for project in admin.get("projects")["data"]]
    assert admin.project.removeprefix("projects/") in before
    made = admin.post("projects", name="search")
    assert (made["name"], made["status"], made["created_at"]) == ("search", "active", START // SECOND)
    assert admin.get(f"projects/{made['id']}") == made
    assert admin.post(f"projects/{made['id']}", name="find")["name"] == "find"
    key = admin.post(f"projects/{made['id']}/service_accounts", name="bot")["api_key"]["value"]
    assert admin.api.chat(key=key).status == 200
    assert admin.post(f"projects/{made['id']}/archive")["status"] == "archived"
    assert made["id"] not in [project["id"] for project in admin.get("projects")["data"]]
    assert made["id"] in [project["id"] for project in admin.get("projects", include_archived="true")["data"]]
    refused = admin.api.chat(key=key)
    assert (refused.status, refused.error["code"]) == (401, "project_archived")
    assert admin.send("POST", f"projects/{made['id']}", {"name": "again"}).error["code"] == "project_archived"


def test_lists_are_read_page_by_page(admin: Admin) -> None:
    """By cursor, nothing twice and nothing left out."""
    for number in range(7):
        admin.post("projects", name=f"p{number}")
    whole = [project["id"] for project in admin.get("projects", limit=100)["data"]]
    seen: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = admin.get("projects", limit=3, **after)
        seen += [project["id"] for project in page["data"]]
        assert (page["first_id"], page["last_id"]) == (page["data"][0]["id"], page["data"][-1]["id"])
        if not page["has_more"]:
            break
        after = {"after": page["last_id"]}
    assert seen == whole
    assert len(whole) >= 9


def test_keys_of_a_project_are_listed_redacted_and_deleted(admin: Admin) -> None:
    """A deleted key is refused like one that never was."""
    [key] = admin.get(f"{admin.project}/api_keys")["data"]
    assert KEY not in json.dumps(key)
    assert key["redacted_value"] == "sk-tes...789"
    assert admin.get(f"{admin.project}/api_keys/{key['id']}") == key
    assert admin.delete(f"{admin.project}/api_keys/{key['id']}")["deleted"] is True
    assert admin.api.chat(key=KEY).error["code"] == "invalid_api_key"
    assert admin.get(f"{admin.project}/api_keys")["data"] == []


def test_a_service_account_has_keys_that_work_at_once(admin: Admin) -> None:
    """Their value is shown once; they count for their project, and go with it."""
    made = admin.post(f"{admin.project}/service_accounts", name="bot")
    value = made["api_key"]["value"]
    assert value.startswith("sk-svcacct-")
    assert admin.api.chat(key=value).headers["openai-project"] == admin.project.removeprefix("projects/")
    assert value not in json.dumps(admin.get(f"{admin.project}/api_keys"))
    further = admin.post(f"{admin.project}/service_accounts/{made['id']}/api_keys", name="second")
    assert further["value"] != value
    assert admin.api.chat(key=further["value"]).status == 200
    assert admin.post(f"{admin.project}/service_accounts/{made['id']}", role="owner")["role"] == "owner"
    bare = admin.post(f"{admin.project}/service_accounts", name="later", create_service_account_only=True)
    assert bare["api_key"] is None
    assert [each["id"] for each in admin.get(f"{admin.project}/service_accounts")["data"]] == [made["id"], bare["id"]]
    assert admin.delete(f"{admin.project}/service_accounts/{made['id']}")["deleted"] is True
    assert admin.api.chat(key=value).status == admin.api.chat(key=further["value"]).status == 401
    assert admin.send("GET", f"{admin.project}/service_accounts/{made['id']}").status == 404


def test_rate_limits_are_those_in_force_and_may_be_lowered(admin: Admin) -> None:
    """Never above the organization's; the next call meets them."""
    rows = {row["model"]: row for row in admin.get(f"{admin.project}/rate_limits", limit=1000)["data"]}
    assert rows["gpt-4o"]["max_requests_per_1_minute"] == 5_000
    assert rows["gpt-image-1"]["max_images_per_1_minute"] == 20
    lowered = admin.post(f"{admin.project}/rate_limits/rl-gpt-4o", max_requests_per_1_minute=1)
    assert (lowered["max_requests_per_1_minute"], lowered["max_tokens_per_1_minute"]) == (1, 450_000)
    assert [admin.api.chat(key=KEY).status for _ in range(2)] == [200, 429]
    refused = admin.send("POST", f"{admin.project}/rate_limits/rl-gpt-4o", {"max_requests_per_1_minute": 5_001})
    assert (refused.status, refused.error["param"]) == (400, "max_requests_per_1_minute")
    assert admin.send("POST", f"{admin.project}/rate_limits/rl-gpt-nope", {}).status == 404


@pytest.mark.parametrize("whose", ["organization", "project"])
def test_a_spend_limit_ends_the_spending(make_api: Callable[..., Api], whose: str) -> None:
    """In cents; reached, it is enforced, and taken away the next call succeeds."""
    api = make_api(at=START)
    account = api.simulator.account(KEY)
    admin = Admin(api, OpenAI_Organization=account.organization.id)
    path = "spend_limit" if whose == "organization" else f"{admin.project}/spend_limit"
    assert admin.send("GET", path).status == 404
    made = admin.post(path, threshold_amount=1, currency="USD", interval="month")
    assert (made["threshold_amount"], made["enforcement"]["status"]) == (1, "inactive")
    while (last := api.chat({"model": "gpt-4", "max_tokens": 200}, key=KEY)).status == 200:
        pass
    assert last.error["code"] == "insufficient_quota"
    assert admin.get(path)["enforcement"]["status"] == "enforcing"
    assert admin.delete(path)["deleted"] is True
    assert api.chat(key=KEY).status == 200


def test_admin_keys_are_made_and_expire(admin: Admin) -> None:
    """And are shown once."""
    made = admin.post("admin_api_keys", name="robot", expires_in_seconds=60)
    robot = Admin(admin.api, made["value"])
    assert robot.get("projects")["data"] == admin.get("projects")["data"]
    assert made["value"] not in json.dumps(admin.get("admin_api_keys"))
    assert admin.get(f"admin_api_keys/{made['id']}")["expires_at"] == START // SECOND + 60
    admin.api.clock.advance(60)
    assert robot.send("GET", "projects").status == 401
    other = admin.post("admin_api_keys", name="second")
    assert [key["id"] for key in admin.get("admin_api_keys", order="desc")["data"]][:2] == [other["id"], made["id"]]
    assert admin.delete(f"admin_api_keys/{other['id']}")["deleted"] is True
    assert Admin(admin.api, other["value"]).send("GET", "projects").status == 401


def test_usage_and_costs_are_the_ledger(admin: Admin) -> None:
    """Tokens to the token, dollars to the pico-dollar, in the buckets in which they fell."""
    api = admin.api
    answers = [api.chat(key=KEY).json["usage"] for _ in range(2)]
    api.clock.advance(DAY / SECOND)
    answers.append(api.chat({"model": "gpt-4o-mini"}, key=KEY).json["usage"])
    api.send("POST", "/v1/images/generations", b'{"model":"gpt-image-1-mini","prompt":"a cat","n":2}', key=KEY)
    first = api.simulator.journal[0]
    query = {"start_time": START // SECOND}
    page = admin.get("usage/completions", group_by=["model"], **query)
    assert [bucket["start_time"] for bucket in page["data"]] == [START // SECOND, (START + DAY) // SECOND]
    results = [result for bucket in page["data"] for result in bucket["results"]]
    assert {result["model"] for result in results} == {"gpt-4o-2024-08-06", "gpt-4o-mini-2024-07-18"}
    assert first.usage is not None
    asked = first.usage.text_in + sum(usage["prompt_tokens"] for usage in answers)
    assert sum(result["input_tokens"] for result in results) == asked
    assert sum(result["num_model_requests"] for result in results) == 4
    [pictures] = admin.get("usage/images", start_time=(START + DAY) // SECOND)["data"][0]["results"]
    assert (pictures["images"], pictures["num_model_requests"]) == (2, 1)
    costs = admin.get("costs", **query, project_ids=[admin.project.removeprefix("projects/")])
    charged = sum(entry.charge for entry in api.simulator.journal)
    amounts = [result["amount"]["value"] for bucket in costs["data"] for result in bucket["results"]]
    assert round(sum(amounts) * DOLLAR) == charged
    assert charged == api.simulator.account(KEY).organization.spent


def test_usage_is_grouped_filtered_and_paged(admin: Admin) -> None:
    """A page knows the next one; a filter that nothing matches leaves empty buckets."""
    api = admin.api
    other = admin.post(f"{admin.project}/service_accounts", name="bot")["api_key"]
    for _ in range(3):
        api.clock.advance(3_600)
        api.chat(key=other["value"])
    query = {"start_time": START // SECOND, "bucket_width": "1h", "limit": 2}
    first = admin.get("usage/completions", **query)
    second = admin.get("usage/completions", **query, page=first["next_page"])
    assert [len(page["data"]) for page in (first, second)] == [2, 2]
    assert second["has_more"] is False
    assert first["data"][1]["end_time"] == second["data"][0]["start_time"]
    assert all(len(bucket["results"]) == 1 for bucket in first["data"] + second["data"])
    by_key = admin.get("usage/completions", start_time=START // SECOND, group_by=["api_key_id"])["data"][0]["results"]
    assert {result["api_key_id"]: result["num_model_requests"] for result in by_key}[other["id"]] == 3
    only = admin.get("usage/completions", start_time=START // SECOND, api_key_ids=[other["id"]])
    assert only["data"][0]["results"][0]["num_model_requests"] == 3
    assert admin.get("usage/completions", start_time=START // SECOND, batch="true")["data"][0]["results"] == []
    for kind in ("embeddings", "moderations", "audio_speeches", "audio_transcriptions", "vector_stores"):
        assert admin.get(f"usage/{kind}", start_time=START // SECOND)["data"][0]["results"] == []


@pytest.mark.parametrize(
    ("method", "path", "body", "query", "status", "param"),
    [
        ("GET", "usage/completions", None, {}, 400, "start_time"),
        ("GET", "usage/completions", None, {"start_time": "soon"}, 400, "start_time"),
        ("GET", "usage/completions", None, {"start_time": 1, "bucket_width": "1w"}, 400, "bucket_width"),
        ("GET", "usage/completions", None, {"start_time": 1, "limit": 32}, 400, "limit"),
        ("GET", "usage/completions", None, {"start_time": 5, "end_time": 5}, 400, "end_time"),
        ("GET", "usage/completions", None, {"start_time": 1, "page": "page_zz"}, 400, "page"),
        ("GET", "usage/completions", None, {"start_time": 1, "group_by": "mood"}, 400, "group_by"),
        ("GET", "projects", None, {"limit": 0}, 400, "limit"),
        ("GET", "projects", None, {"after": "proj_nope"}, 400, "after"),
        ("GET", "projects", None, {"colour": "red"}, 400, "colour"),
        ("GET", "projects/proj_nope", None, {}, 404, None),
        ("POST", "projects", {}, {}, 400, "name"),
        ("POST", "projects", {"name": ""}, {}, 400, "name"),
        ("POST", "projects", {"name": 5}, {}, 400, "name"),
        ("POST", "projects", {"name": "x", "colour": "red"}, {}, 400, "colour"),
        ("POST", "spend_limit", {"threshold_amount": 0, "currency": "USD", "interval": "month"}, {}, 400, "threshold_amount"),
        ("POST", "spend_limit", {"threshold_amount": 5, "currency": "EUR", "interval": "month"}, {}, 400, "currency"),
        ("POST", "admin_api_keys", {"name": "x", "expires_in_seconds": 0}, {}, 400, "expires_in_seconds"),
        ("PUT", "projects", {}, {}, 405, None),
    ],
)  # fmt: skip
def test_bad_input_gets_the_envelope_and_changes_nothing(
    admin: Admin, method: str, path: str, body: Any, query: dict[str, Any], status: int, param: str | None
) -> None:
    """An id that names nothing is in the message."""
    before = admin.get("projects")
    refused = admin.send(method, path, body, **query)
    assert (refused.status, refused.error["param"]) == (status, param)
    if status == 404:
        assert "proj_nope" in refused.error["message"]
    assert admin.get("projects") == before


def test_an_admin_key_may_look_at_one_organization(admin: Admin) -> None:
    """By the header; an organization that is not there is refused."""
    admin.api.chat(key="sk-other-0123456789")
    own = admin.api.simulator.account(KEY).organization
    one = Admin(admin.api, OpenAI_Organization=own.id)
    assert [project["id"] for project in one.get("projects")["data"]] == list(own.projects)
    assert Admin(admin.api, OpenAI_Organization="org-nobody").send("GET", "projects").status == 401


def test_a_body_that_is_no_json_is_refused(admin: Admin) -> None:
    """With the words of everywhere."""
    request = Request("POST", "/v1/organization/projects", {b"authorization": f"Bearer {ADMIN}".encode()}, b"{")
    assert admin.api.ask(request).error["message"].startswith("We could not parse the JSON body")
