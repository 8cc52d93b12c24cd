"""Every route as its description says: examples run, ids are stable, answers are the objects that ``--json`` prints."""

from __future__ import annotations

import base64
import json
import threading
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import Any

import jsonschema
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi.testclient import TestClient

from longvid import cli, jsonform
from longvid.library import Library
from longvid.server.settings import OidcSettings, read_settings
from longvid_storage.errors import UsageError
from serve_tools import bearer, library_of, serving, video

SIGNED = "a signing key of enough characters"
OURS = {"about", "videos", "finding", "asking", "chats", "exports", "admin"}


@pytest.fixture(scope="module")
def library() -> Library:
    return library_of([video(name, number) for number in range(2) for name in ("garden", "team")])


@pytest.fixture(scope="module")
def client(library: Library) -> Iterator[TestClient]:
    with serving(library, assertion_key=SIGNED) as client:
        client.headers.update(bearer(assertion(scopes=["admin"])))
        yield client


def assertion(key: str = SIGNED, lasts_s: int = 60, **more: Any) -> str:
    now = int(time.time())
    claims = {"sub": "maya", "aud": "longvid", "iat": now, "exp": now + lasts_s, "collections": "*", **more}
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(claims, key, "HS256")


# What answers with somebody else's form, or with a file.
NO_SCHEMA = {"get_chapters", "export", "get_doctor"}


def test_the_description_runs(client: TestClient, library: Library) -> None:
    described = client.get("/v1/openapi.json").json()
    operations = [
        (method, path, each)
        for path, methods in described["paths"].items()
        for method, each in methods.items()
    ]
    ids = [each["operationId"] for _, _, each in operations]
    assert len(ids) == len(set(ids))
    assert all(each["summary"] and each["description"] for _, _, each in operations)
    ours = [each for each in operations if OURS & set(each[2].get("tags", ()))]
    assert len(ours) >= 25
    answer = client.post("/v1/ask", json={"question": "What do tomato plants need?"}).json()
    assert client.post("/v1/chats", json={"name": "friday"}).status_code == 201
    made, _ = library.keys.add("to be revoked")
    values = {"video_id": video("garden", 0).video_id, "name": "friday", "key_id": made.key_id}
    last = sorted(ours, key=lambda each: (each[0] == "delete", each[2]["operationId"] == "delete_chat"))
    for method, path, each in last:
        if each["operationId"] == "delete_video":
            values["video_id"] = video("team", 1).video_id
        body = example(described, each) | ({"answer": answer} if path == "/v1/exports" else {})
        if path == "/v1/videos/{video_id}/speakers":
            body |= {"old": "Maya"}
        asked = {
            one["name"]: one["schema"]["examples"][0]
            for one in each.get("parameters", ())
            if one["in"] == "query" and one["required"]
        }
        reply = client.request(method, path.format(**values), json=body or None, params=asked)
        assert reply.status_code < 300, (method, path, reply.text)
        if "json" in reply.headers.get("content-type", ""):
            hold_against(described, each, reply)
        if each["operationId"] == "rename_chat":
            values["name"] = reply.json()["name"]
    assert len(library.videos()) == 3


def hold_against(described: dict[str, Any], operation: dict[str, Any], reply: Any) -> None:
    """An answer is what its schema says, and has no key that it does not say."""
    told = operation["responses"][str(reply.status_code)]["content"]["application/json"]["schema"]
    schema = {**told, "components": described["components"]}
    for each in schema["components"]["schemas"].values():
        if each.get("type") == "object" and "additionalProperties" not in each:
            each["additionalProperties"] = False
    if not told:
        assert operation["operationId"] in NO_SCHEMA, operation["operationId"]
    jsonschema.validate(reply.json(), schema)


def example(described: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any]:
    """The body that the first example of each property makes."""
    if "requestBody" not in operation:
        return {}
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    form = described["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return {name: each["examples"][0] for name, each in form["properties"].items() if each.get("examples")}


def test_answers_are_the_objects_that_json_prints(client: TestClient, library: Library) -> None:
    own = video("garden", 0).video_id
    place = f"/v1/videos/{own}"
    assert client.get(place).json() == plain(library.show(own))
    assert client.get(f"{place}/speakers").json()["items"] == plain(library.speakers(own))
    assert client.get(f"{place}/summary").json() == plain(library.summary(own))
    assert client.get(f"{place}/transcript").json()["items"] == plain(library.utterances(own))
    assert client.get(f"{place}/chapters?format=vtt").text == library.chapters(own, file_format="vtt")
    found = client.post("/v1/search", json={"query": "water", "k": 3, "collection": "garden"}).json()[
        "moments"
    ]
    assert found == plain(library.search("water", k=3, collection="garden"))
    said = client.post("/v1/mentions", json={"terms": ["water"]}).json()["videos"]
    assert said == plain(library.mentions("water"))
    pages, cursor = [], ""
    while cursor is not None:
        asked = {"terms": ["water"], "limit": 1} | ({"cursor": cursor} if cursor else {})
        told = client.post("/v1/mentions", json=asked).json()
        again = client.get("/v1/mentions", params=asked)
        assert again.json() == told
        unchanged = client.get("/v1/mentions", params=asked, headers={"If-None-Match": again.headers["ETag"]})
        assert unchanged.status_code == 304
        assert (told["total"], told["count"]) == (len(said), sum(each["count"] for each in said))
        pages += told["videos"]
        cursor = told["next"]
    assert pages == said, "a page at a time, none left out"
    assert len(pages) > 1
    assert client.post("/v1/mentions", json={"terms": ["water"], "cursor": "WzFd"}).status_code == 400
    cues = client.get(f"{place}/transcript?format=vtt&from_s=10&to_s=20").text
    assert cues.startswith("WEBVTT\n\n00:00:10.000 --> 00:00:18.000\n<v ")
    assert cues.count("-->") == 1


def plain(value: object) -> Any:
    return json.loads(jsonform.dumps(value))


def test_what_goes_wrong_is_a_problem_with_the_sentence_of_the_command_line(
    client: TestClient, library: Library
) -> None:
    reply = client.post("/v1/search", json={"query": " "})
    with pytest.raises(UsageError) as told:
        library.search(" ")
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json() == {
        "type": "urn:longvid:problem:usage",
        "title": "Bad Request",
        "status": 400,
        "detail": told.value.message,
    }
    unknown = client.post("/v1/search", json={"query": "water", "colection": "garden"})
    assert unknown.status_code == 422
    assert "colection" in unknown.json()["detail"]
    assert client.get("/v1/none").json()["status"] == 404
    assert client.put("/v1/search").json()["title"] == "Method Not Allowed"


def test_exports_are_made_of_what_the_library_has(client: TestClient) -> None:
    answer = client.post("/v1/ask", json={"question": "What do tomato plants need?"}).json()
    made = {
        form: client.post("/v1/exports", json={"format": form, "answer": answer})
        for form in ("html", "md", "srt")
    }
    assert made["html"].text.startswith("<!")
    assert zipfile.ZipFile(BytesIO(made["md"].content)).namelist() == ["answer.md"]
    assert "-->" in made["srt"].text
    lies = json.loads(json.dumps(answer))
    lies["claims"][0]["citations"][0] |= {"path": "/etc/passwd", "title": "Mine"}
    told = client.post("/v1/exports", json={"format": "html", "answer": lies}).text
    assert "passwd" not in told
    lies["claims"][0]["citations"][0]["video_id"] = "e" * 64
    assert client.post("/v1/exports", json={"format": "html", "answer": lies}).status_code == 404
    assert client.post("/v1/exports", json={"format": "html", "answer": {"no": 1}}).status_code == 400
    # More than answers cite: as many pictures, or a film of days.
    for change in ({"claims": answer["claims"] * 501}, {"claims": [_whole_day(answer["claims"][0])]}):
        for form in ("html", "srt"):
            told = client.post("/v1/exports", json={"format": form, "answer": {**answer, **change}})
            assert told.status_code == 400
            assert "are exported at once" in told.json()["detail"]


def _whole_day(claim: dict[str, Any]) -> dict[str, Any]:
    return {**claim, "citations": [{**claim["citations"][0], "start_s": 0.0, "end_s": 86_400.0}]}


def test_a_text_of_many_sentences_is_not_checked_at_once(client: TestClient) -> None:
    told = client.post("/v1/verify", json={"text": "It rains a lot. " * 501})
    assert (told.status_code, "501 sentences" in told.json()["detail"]) == (400, True)
    told = client.post("/v1/verify", json={"text": "Water, " * 12_000})
    assert {each["verdict"] for each in told.json()["sentences"]} == {"unsupported"}


def test_chats_belong_to_who_began_them(client: TestClient) -> None:
    jonas = bearer(assertion(sub="jonas"))
    assert client.post("/v1/chats", json={"name": "ours"}).status_code == 201
    asked = client.post("/v1/chats/ours/ask", json={"question": "What do tomato plants need?"})
    assert asked.json()["found"]
    turns = client.get("/v1/chats/ours").json()["items"]
    assert [turn["question"] for turn in turns] == ["What do tomato plants need?"]
    assert client.get("/v1/chats", headers=jonas).json()["items"] == []
    theirs, none = (client.get(f"/v1/chats/{name}", headers=jonas) for name in ("ours", "none"))
    assert (theirs.status_code, theirs.text.replace("ours", "none")) == (404, none.text)
    assert client.delete("/v1/chats/ours", headers=jonas).status_code == 404
    assert client.post("/v1/chats", json={"name": "ours"}, headers=jonas).status_code == 201
    narrower = bearer(assertion(collections=["team"]))
    assert client.get("/v1/chats/ours", headers=narrower).json()["items"] == [], (
        "its words are not theirs any more"
    )
    assert client.delete("/v1/chats/ours").status_code == 204


def test_who_signs_for_others_is_believed_for_five_minutes_at_most(library: Library) -> None:
    with serving(library, assertion_key=SIGNED) as client:
        known = client.get("/v1/me", headers=bearer(assertion(collections=["team"], scopes=["read", "all"])))
        assert known.json() == {"name": "maya", "scopes": ["read"], "collections": ["team"]}
        for refused in (
            assertion(lasts_s=301),
            assertion(lasts_s=-60),
            assertion(key="another key of enough characters!"),
            assertion(aud="another"),
            assertion(collections={"a": 1}),
            assertion(collections=None),
            jwt.encode({"sub": "maya"}, None, algorithm="none"),
            "nonsense",
            ".".join(
                base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (b"[" * 30_000, b"{}", b"x")
            ),
            assertion(exp=float("inf")),
            assertion(iat="1", exp="2000000000"),
        ):
            assert client.get("/v1/me", headers=bearer(refused)).status_code == 401, refused
        assert client.get("/v1/me").status_code == 401


@contextmanager
def provider(asked: Counter[str]) -> Iterator[tuple[str, Any]]:
    """An identity provider on this machine: its address, and the key that it signs with; it counts what is asked."""
    signing = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(signing.public_key()))
    served: dict[str, Any] = {"/keys": {"keys": [{**public, "kid": "one", "alg": "RS256", "use": "sig"}]}}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked[self.path] += 1
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(served[self.path]).encode())

        def log_message(self, *arguments: object) -> None:
            """Quietly."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        issuer = f"http://127.0.0.1:{server.server_port}"
        served["/.well-known/openid-configuration"] = {"issuer": issuer, "jwks_uri": f"{issuer}/keys"}
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield issuer, signing
        server.shutdown()
        thread.join()


def test_groups_of_an_identity_provider_say_what_is_seen(library: Library) -> None:
    asked = Counter[str]()
    with provider(asked) as (issuer, signing):
        oidc = OidcSettings(
            issuer,
            "longvid",
            collections={"staff": ["garden", "team"], "gardeners": "garden", "all": "*"},
            scopes={"gardeners": ["index"]},
        )

        def token(key: Any = signing, kid: str = "one", **more: Any) -> dict[str, str]:
            now = int(time.time())
            claims = {"iss": issuer, "aud": "longvid", "sub": "u1", "iat": now, "exp": now + 600, **more}
            return bearer(jwt.encode(claims, key, "RS256", headers={"kid": kid}))

        with serving(library, oidc=oidc) as client:
            told = client.get("/v1/me", headers=token(groups=["gardeners"], email="maya@example.com")).json()
            assert told == {
                "name": "maya@example.com",
                "scopes": ["index", "read"],
                "collections": ["garden"],
            }
            seen = {
                group: client.get("/v1/me", headers=token(groups=[group])).json()["collections"]
                for group in ("staff", "all", "others")
            }
            assert seen == {"staff": ["garden", "team"], "all": None, "others": []}
            assert client.get("/v1/videos", headers=token()).json()["items"] == []
            another = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            for refused in (
                token(aud="another"),
                token(iss="http://evil.example"),
                token(exp=1),
                token(key=another),
                token(kid="two"),
                token(groups={"no": "list"}),
                bearer(assertion()),
            ):
                assert client.get("/v1/me", headers=refused).status_code == 401
            assert client.get("/v1/me").status_code == 401
            for number in range(20):
                assert client.get("/v1/me", headers=token(kid=f"made up {number}")).status_code == 401
            assert asked["/keys"] <= 2, (
                "who makes up the name of a key makes us ask once more, and not each time"
            )


def test_settings_are_checked(tmp_path: Path) -> None:
    read = read_settings(
        {"origins": ["https://a.example"], "oidc": {"issuer": "i", "audience": "a"}}, port=99
    )
    assert (read.origins, read.port, read.oidc) == (("https://a.example",), 99, OidcSettings("i", "a"))
    for wrong, said in (
        ({"orgins": []}, "unknown setting 'orgins'"),
        ({"assertion_key": "short"}, "at least 32"),
        ({"port": "high"}, "port"),
        ({"oidc": {"issuer": "i"}}, "audience"),
    ):
        with pytest.raises(UsageError, match=said):
            read_settings(wrong, "here")


def test_the_command_line_makes_keys_and_refuses_to_be_open(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LONGVID_LIBRARY", str(tmp_path / "library"))
    Library.open(create=True).close()

    def typed(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["longvid", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return (int(ended.value.code or 0), *capsys.readouterr())

    status, _, told = typed("serve", "--host", "0.0.0.0", "--port", "0")
    assert status == 2
    assert "longvid keys add NAME" in told
    _, key, told = typed("keys", "add", "backend", "--collection", "monday", "--expires", "30d")
    assert "it may read monday, until" in told
    _, listed, _ = typed("keys", "list")
    assert "backend: may read monday" in listed
    assert key.strip() not in listed
    with Library.open() as library:
        found = library.keys.known(key.strip())
        assert found is not None
        assert found.collections == ("monday",)
        assert typed("keys", "revoke", "backend")[0] == 0
        assert library.keys.known(key.strip()) is None


def test_keys_are_limited(library: Library) -> None:
    _, slow = library.keys.add("slow", per_minute=2)
    over, late = library.keys.add("late", expires_s=int(time.time()) - 1)
    _, admin = library.keys.add("garden's admin", scopes=["admin"], collections=["garden"])
    with serving(library) as client:
        codes = [client.get("/v1/me", headers=bearer(slow)).status_code for _ in range(3)]
        assert codes == [200, 200, 429]
        assert client.get("/v1/me", headers=bearer(late)).status_code == 401
        client.headers.update(bearer(admin))
        assert [each["name"] for each in client.get("/v1/keys").json()["items"]] == ["garden's admin"]
        assert client.delete(f"/v1/keys/{over.key_id}").status_code == 404
        assert client.post("/v1/keys", json={"name": "wide"}).status_code == 403
        made = client.post("/v1/keys", json={"name": "narrow", "collections": ["garden"], "days": 1})
        told = made.json()
        assert made.headers["cache-control"] == "no-store"
        assert client.get("/v1/me", headers=bearer(told["key"])).json()["collections"] == ["garden"]
        assert client.delete(f"/v1/keys/{told['made']['key_id']}").status_code == 204
        assert client.get("/v1/me", headers=bearer(told["key"])).status_code == 401
        assert client.get("/metrics").status_code == 403, "numbers are of everybody"
    for key in library.keys.listed():
        library.keys.revoke(key.key_id)


def test_tokens_of_a_model_are_counted_for_a_day(library: Library) -> None:
    made, key = library.keys.add("frugal", tokens_a_day=10)
    library.keys.spend(made.key_id, 10)
    library.engines.__dict__["video_lm"] = object()
    try:
        with serving(library) as client:
            client.headers.update(bearer(key))
            asked = {"question": "What do tomato plants need?"}
            refused = client.post("/v1/ask", json=asked)
            assert refused.status_code == 429
            assert "used up" in refused.json()["detail"]
            assert client.post("/v1/ask", json={**asked, "extractive": True}).status_code == 200
    finally:
        del library.engines.__dict__["video_lm"]
        library.keys.revoke(made.key_id)


def test_requests_are_counted_by_route(library: Library) -> None:
    with serving(library) as client:
        client.get(f"/v1/videos/{video('garden', 0).video_id}")
        client.get("/v1/videos/none")
        text = client.get("/metrics").text
    counted = 'longvid_requests_total{method="GET",route="/v1/videos/{video_id}",status="%d"} 1.0'
    assert counted % 200 in text
    assert counted % 404 in text
