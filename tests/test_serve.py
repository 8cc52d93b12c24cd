"""The server: who is let in, what they see, and how what goes wrong is told."""

from __future__ import annotations

import base64

import pytest

from longvid.library import Library
from longvid_storage.errors import NotFoundError
from serve_tools import bearer, library_of, serving, video


@pytest.fixture(scope="module")
def library() -> Library:
    return library_of([video(name, number) for number in range(3) for name in ("garden", "team")])


def test_on_loopback_without_keys_no_account_is_needed(library: Library) -> None:
    with serving(library) as client:
        assert client.get("/v1/health").json()["status"] == "ok"
        assert client.get("/v1/me").json() == {
            "name": "local",
            "scopes": ["admin", "index", "read"],
            "collections": None,
        }
        assert [each["name"] for each in client.get("/v1/collections").json()["items"]] == ["garden", "team"]
    with serving(library, host="0.0.0.0") as client:
        assert client.get("/v1/health").status_code == 200
        refused = client.get("/v1/me")
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"] == "Bearer"
        assert refused.json()["type"] == "urn:longvid:problem:unauthorized"


def test_a_narrowed_library_is_one_that_holds_nothing_else(library: Library) -> None:
    garden = library.within({"garden"})
    alone = library_of([video("garden", number) for number in range(3)])
    assert garden.videos() == alone.videos()
    assert garden.collections() == alone.collections()
    for query in ("tomato", "water", "migration plan", "part 1"):
        found, wanted = garden.search(query), alone.search(query)
        assert [(m.video_id, m.start_s, m.end_s, m.score) for m in found] == [
            (m.video_id, m.start_s, m.end_s, m.score) for m in wanted
        ]
    assert not any("team" in each.title for each in garden.search("migration plan database cluster"))
    team = video("team", 0)
    with pytest.raises(NotFoundError, match="no video"):
        garden.show(team.video_id)
    with pytest.raises(NotFoundError, match=r"no collection 'team': there are garden$"):
        garden.search("plan", collection="team")
    assert garden.within({"team", "garden"}).collections() == garden.collections(), "rights only ever shrink"
    assert library.within(None).videos() == library.videos()


def test_a_key_sees_its_collections_and_ends_at_once(library: Library) -> None:
    made, key = library.keys.add("garden reader", collections=["garden"])
    with serving(library) as client:
        assert client.get("/v1/me").status_code == 401, "with a key there, nobody is served without one"
        client.headers.update(bearer(key))
        assert client.get("/v1/me").json() == {
            "name": "garden reader",
            "scopes": ["read"],
            "collections": ["garden"],
        }
        titles = [each["title"] for each in client.get("/v1/videos").json()["items"]]
        assert len(titles) == 3
        assert all(title.startswith("garden") for title in titles)
        hits = client.post("/v1/search", json={"query": "migration plan or tomato", "k": 50}).json()[
            "moments"
        ]
        assert hits
        assert all(hit["title"].startswith("garden") for hit in hits)
        answer = client.post("/v1/ask", json={"question": "What do tomato plants need?"}).json()
        assert answer["found"]
        foreign, missing = video("team", 1).video_id, "f" * 64
        refusals = [client.get(f"/v1/videos/{each}") for each in (foreign, missing)]
        assert {each.status_code for each in refusals} == {404}
        assert refusals[0].text.replace(foreign, "") == refusals[1].text.replace(missing, "")
        denied = client.delete(f"/v1/videos/{video('garden', 0).video_id}")
        assert denied.status_code == 403
        assert "needs the scope index" in denied.json()["detail"]
        library.keys.revoke(made.key_id)
        assert client.get("/v1/me").status_code == 401, "though there is no other key: it was one"


def test_an_answer_is_streamed_claim_by_claim(library: Library) -> None:
    with serving(library) as client:
        asked = {"question": "What do tomato plants need?"}
        with client.stream("POST", "/v1/ask", json=asked, headers={"Accept": "text/event-stream"}) as reply:
            assert reply.headers["content-type"].startswith("text/event-stream")
            kinds = [line[7:] for line in reply.iter_lines() if line.startswith("event: ")]
    assert kinds[-1] == "answer"
    assert "claim" in kinds
    assert set(kinds) <= {"step", "claim", "nearest", "answer"}


def test_lists_come_in_pages_and_unchanged_answers_are_not_sent_again(library: Library) -> None:
    with serving(library) as client:
        seen, cursor = [], None
        while True:
            params = {"limit": 2, "sort": "-date"} | ({"cursor": cursor} if cursor else {})
            reply = client.get("/v1/videos", params=params).json()
            seen += [each["video_id"] for each in reply["items"]]
            if (cursor := reply["next"]) is None:
                break
        assert len(seen) == len(set(seen)) == 6
        first = client.get("/v1/videos")
        again = client.get("/v1/videos", headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        for wrong in (b"nonsense", b"[" * 1200, b'["\\ud800", "x"]'):
            cursor = base64.urlsafe_b64encode(wrong).decode().rstrip("=")
            assert client.get("/v1/videos", params={"cursor": cursor}).status_code == 400, wrong
