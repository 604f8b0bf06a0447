"""Platforms' own lists, read again: the same mention whichever way it came."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from heed import adapter
from heed.adapter import Delivery, ListPage, Rereading
from heed.domain.mention import Account, Mention, conversation_id
from heed.errors import DoubtfulError, OutboundError, ReplyRejectedError
from infra.local.twins.core import Twin
from infra.local.twins.facebook import facebook_twin
from infra.local.twins.wire import read_request
from infra.local.twins.world import TwinAccount
from infra.local.twins.x import x_twin
from tests.heed.flows.bodies import MARTA, PAGE, X_ACCOUNT, comment, page_changes, x_post
from tests.heed.platforms.samples import RECEIVED_AT, Sample, accounts, delivery, samples

LISTED = [p for p in adapter.names() if adapter.load(p).REREADING is not None]
DAY_AGO = RECEIVED_AT - 86_400_000
# The samples' posts that a list holds, and so can be found again when their webhook is lost.
ON_THE_LIST = {
    "x": {
        *("01-mention-complaint", "02-reply-courtesy", "03-mention-question-long"),
        *("04-reply-not-summoned",),
        *("07-carried-handle", "11-mention-praise", "12-mention-edited", "14-batch"),
        *("15-mention-legal", "16-mention-stale", "21-mention-lost"),
    },
    "facebook": {
        *("01-comment-complaint", "02-comment-question", "03-own-comment"),
        *("04-comment-photo-only", "05-comment-safety", "06-visitor-post-praise"),
        *("08-comment-edited", "11-batch", "12-reply-question", "14-comment-card-number"),
        *("15-comment-stale",),
    },
}


def twin_of(platform: str) -> tuple[Twin, Account]:
    account = accounts(platform)[0]
    one = TwinAccount(account.id, "token", account.handle, "Acme Air")
    if platform == "x":
        return x_twin([one], now_ms=lambda: RECEIVED_AT), account
    return facebook_twin([one], now_ms=lambda: RECEIVED_AT), account


def rereading(platform: str) -> Rereading:
    found = adapter.load(platform).REREADING
    assert found is not None
    return found


def answer_of(platform: str, body: Any) -> Delivery:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    first = accounts(platform)[0]
    return replace(delivery(platform, raw), method="GET", accounts=(first,))


def listed(twin: Twin, account: Account, *, since: int = DAY_AGO) -> list[Mention]:
    """Read every page of the twin's list."""
    found: list[Mention] = []
    pages = [""]
    while pages:
        page = pages.pop(0)
        answer = ask(twin, account, page, since=since)
        read = rereading(twin.name).read(answer_of(twin.name, answer), since, page)
        assert not read.parsed.unreadable
        found += read.parsed.mentions
        pages = [*read.more, *pages]
    return found


def ask(twin: Twin, account: Account, page: str, *, since: int = DAY_AGO) -> bytes:
    call = rereading(twin.name).build(account, since, page)
    assert (call.method, call.body, call.auth) == ("GET", b"", "bearer")
    assert call.host in adapter.load(twin.name).HOSTS
    answer = twin.handle(read_request("GET", call.path, headers={"Authorization": "Bearer token"}))
    assert answer.status == 200, answer.body
    return answer.body


def test_x_and_facebook_offer_a_list_and_telegram_does_not() -> None:
    assert LISTED == ["facebook", "x"]
    assert adapter.load("telegram").REREADING is None
    for platform in LISTED:
        assert rereading(platform).overlap_s >= 60
    assert (rereading("x").read_micro_usd, rereading("facebook").read_micro_usd) == (1_000, 0)


@pytest.mark.parametrize("sample", [s for p in LISTED for s in samples(p)], ids=str)
def test_a_mention_is_the_same_by_webhook_and_by_list(sample: Sample) -> None:
    twin, account = twin_of(sample.platform)
    told = {m.id: m for m in adapter.load(sample.platform).parse(
        delivery(sample.platform, sample.body)
    ).mentions}  # fmt: skip
    twin.learn(sample.body)

    found = {m.id: m for m in listed(twin, account)}

    assert bool(found.keys() & told.keys()) == (sample.name in ON_THE_LIST[sample.platform])
    # Nothing on the list that a webhook would not have told, or under another key.
    assert found.keys() <= told.keys()
    for key, mention in found.items():
        ways = mention, told[key]
        by_list, by_webhook = (conversation_id(one, account.brand) for one in ways)
        assert by_list == by_webhook
        for name in ("kind", "object_id", "text", "visibility", "is_own_post", "parent", "root"):
            assert getattr(mention, name) == getattr(told[key], name)
        assert mention.author.id == told[key].author.id


# --- X


def x_page(**fields: Any) -> dict[str, Any]:
    event = json.loads(x_post("21", "@acmeair terrible", at=RECEIVED_AT))["data"]
    users = event["includes"]["users"] + [{"id": "99", "username": "other"}]
    meta = {"result_count": 1, "newest_id": "21", "oldest_id": "21", **fields}
    return {"data": [event["payload"]], "includes": {"users": users}, "meta": meta}


def read_x(body: Any, page: str = "") -> ListPage:
    return rereading("x").read(answer_of("x", body), DAY_AGO, page)


def test_x_is_asked_for_what_was_written_since_an_instant_to_the_second() -> None:
    call = rereading("x").build(accounts("x")[0], 1_795_170_000_999, "")

    parts = urlsplit(call.path)
    query = parse_qs(parts.query)
    assert parts.path == f"/2/users/{X_ACCOUNT}/mentions"
    assert (query["max_results"], query["start_time"]) == (["100"], ["2026-11-20T10:20:00Z"])
    assert "pagination_token" not in query
    assert "referenced_tweets.id" not in query["expansions"]


def test_a_page_of_x_leads_to_the_next() -> None:
    page = read_x(x_page(next_token="7140dibdnow9c7btw3w29"))

    assert page.more == ("7140dibdnow9c7btw3w29",)
    path = rereading("x").build(accounts("x")[0], DAY_AGO, page.more[0]).path
    assert path.endswith("&pagination_token=7140dibdnow9c7btw3w29")


def test_the_author_is_read_with_the_post_on_x() -> None:
    [mention] = read_x(x_page()).parsed.mentions

    assert (mention.author.id, mention.author.handle) == (MARTA, "marta_reads")
    assert (mention.naming, mention.summoned) == ("tag", True)


def test_a_handle_that_only_came_along_is_no_summons_on_x() -> None:
    body = x_page()
    body["data"][0] |= {
        "text": "@acmeair @omar_k see you",
        "referenced_tweets": [{"type": "replied_to", "id": "7"}],
    }

    [mention] = read_x(body).parsed.mentions

    assert (mention.naming, mention.summoned) == ("carried", False)


def test_with_no_post_x_leaves_the_data_out() -> None:
    assert read_x({"meta": {"result_count": 0}}).parsed.mentions == ()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        {"errors": [{"title": "Not Found Error"}]},
        {"data": [], "meta": {"next_token": "a&b=c"}},
        {"data": [], "meta": {"next_token": 7}},
    ],
)
def test_what_x_does_not_tell_is_in_doubt(body: Any) -> None:
    with pytest.raises(DoubtfulError):
        read_x(body)


# --- Facebook


def read_facebook(body: Any, page: str = "", since: int = DAY_AGO) -> ListPage:
    return rereading("facebook").read(answer_of("facebook", body), since, page)


def fb_comment(number: str, *, at: str = "2026-11-20T10:00:00+0000", **fields: Any) -> Any:
    sender = {"id": MARTA, "name": "Zoë"}
    return {"id": f"500_{number}", "from": sender, "message": "hi", "created_time": at, **fields}


def fb_post(
    post: str = f"{PAGE}_500", *, at: str = "2026-11-20T09:00:00+0000", **fields: Any
) -> Any:
    return {"id": post, "message": "News", "created_time": at, "from": {"id": PAGE}, **fields}


def edge(*items: Any, after: Any = "") -> dict[str, Any]:
    paging = {"cursors": {"before": "b", "after": after}, "next": "https://graph.facebook.com/x"}
    return {"data": [*items], **({"paging": paging} if after else {})}


def test_facebook_is_asked_for_the_feed_with_its_comments() -> None:
    call = rereading("facebook").build(accounts("facebook")[0], DAY_AGO, "")

    parts = urlsplit(call.path)
    fields = parse_qs(parts.query)["fields"][0]
    assert parts.path.endswith(f"/{PAGE}/feed")
    assert "comments.filter(stream).order(reverse_chronological).limit(50){id,from" in fields
    assert "{" not in call.path


def test_a_page_of_the_feed_leads_to_more_posts_and_to_more_comments() -> None:
    below = edge(fb_comment("1"), fb_comment("2"), after="QVFI=")
    body = edge(fb_post(comments=below), fb_post(f"{PAGE}_499"), after="NEXT-1")

    page = read_facebook(body)

    assert page.more == ("feed:NEXT-1", f"{PAGE}_500:QVFI=")
    assert [m.object_id for m in page.parsed.mentions] == ["500_1", "500_2"]
    feed, comments = (
        rereading("facebook").build(accounts("facebook")[0], DAY_AGO, more).path
        for more in page.more
    )
    assert f"/{PAGE}/feed?" in feed
    assert feed.endswith("&after=NEXT-1")
    assert f"/{PAGE}_500/comments?filter=stream&order=reverse_chronological" in comments
    assert comments.endswith("&after=QVFI=")


def test_the_comments_of_one_post_are_read_to_the_instant() -> None:
    old = fb_comment("3", at="2026-10-01T10:00:00+0000")
    place = f"{PAGE}_500:QVFI"

    whole = read_facebook(edge(fb_comment("1"), fb_comment("2"), after="MORE"), place)
    ended = read_facebook(edge(fb_comment("1"), old, after="MORE"), place)

    assert whole.more == (f"{PAGE}_500:MORE",)
    assert ended.more == ()
    assert [m.object_id for m in ended.parsed.mentions] == ["500_1"]
    assert ended.parsed.mentions[0].root_id == f"{PAGE}_500"


def test_posts_of_the_last_week_are_looked_through_and_no_older_ones() -> None:
    recent = edge(fb_post(at="2026-11-14T10:00:00+0000"), after="NEXT")
    old = edge(fb_post(at="2026-11-10T10:00:00+0000"), after="NEXT")

    assert read_facebook(recent).more == ("feed:NEXT",)
    assert read_facebook(old).more == ()


def test_the_comment_of_a_reader_keeps_its_place_photo_and_link() -> None:
    below = edge(fb_comment("2", parent={"id": "500_1"}, attachment={"type": "photo"}))
    link = "https://www.facebook.com/acmeair/posts/500"

    [mention] = read_facebook(edge(fb_post(comments=below, permalink_url=link))).parsed.mentions

    assert (mention.parent_id, mention.parent_kind) == ("500_1", "comment")
    assert (mention.media, mention.permalink) == (1, link)
    assert mention.event_at == 1_795_168_800_000


def test_what_the_page_has_hidden_is_left_out_and_the_rest_is_read() -> None:
    below = edge(fb_comment("1"), fb_comment("2", is_hidden=True), after="MORE")

    page = read_facebook(edge(fb_post(comments=below)))

    assert [m.object_id for m in page.parsed.mentions] == ["500_1"]
    assert page.more == (f"{PAGE}_500:MORE",)


def test_a_post_elsewhere_that_tags_the_page_has_no_author_as_in_its_delivery() -> None:
    told = {"item": "post", "verb": "add", "post_id": "77_88", "message": "News"}
    told["created_time"] = "1795165200"
    body = page_changes(told, at=RECEIVED_AT, field="mention")
    [by_webhook] = adapter.load("facebook").parse(delivery("facebook", body)).mentions

    visitor: dict[str, Any] = {"from": {"id": MARTA}}
    [mention] = read_facebook(edge(fb_post("77_88", **visitor))).parsed.mentions

    assert (mention.id, mention.author.id, mention.summoned) == (by_webhook.id, None, True)
    assert conversation_id(mention, "acme") == conversation_id(by_webhook, "acme")


def test_the_pages_own_posts_answer_nobody_and_visitors_old_ones_are_left_out() -> None:
    visitor: dict[str, Any] = {"from": {"id": MARTA, "name": "Zoë"}}
    old = fb_post(f"{PAGE}_3", at="2026-10-01T09:00:00+0000", **visitor)

    page = read_facebook(edge(fb_post(), fb_post(f"{PAGE}_2", **visitor), old))

    assert [m.object_id for m in page.parsed.mentions] == [f"{PAGE}_2"]


@pytest.mark.parametrize("written", [None, "yesterday", "2026-11-20T09:00:00"])
def test_what_tells_no_time_is_not_left_out(written: Any) -> None:
    [mention] = read_facebook(
        edge(fb_post(comments=edge(fb_comment("1", at=written))))
    ).parsed.mentions

    assert mention.event_at is None


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", {}, {"data": {}}, edge(fb_post(), after="a&b"), edge(fb_post(), after=7)],
)
def test_what_facebook_does_not_tell_is_in_doubt(body: Any) -> None:
    with pytest.raises(DoubtfulError):
        read_facebook(body)


# --- Anything may come


@pytest.mark.parametrize("platform", LISTED)
@pytest.mark.parametrize("page", ["../me:x", "a b", "500/likes:x", "%2e%2e:x"])
def test_a_pages_name_leads_a_call_to_no_other_place(platform: str, page: str) -> None:
    build = rereading(platform).build
    if platform == "facebook":
        with pytest.raises(ReplyRejectedError):
            build(accounts(platform)[0], DAY_AGO, page)
    with pytest.raises(ReplyRejectedError):
        build(replace(accounts(platform)[0], id="../me"), DAY_AGO, "")


BODIES = {
    "x": x_page(next_token="abc"),
    "facebook": edge(
        fb_post(comments=edge(fb_comment("1", parent={"id": "500_9"}), after="C")), after="N"
    ),
}


def bent(value: Any, change: Any) -> Iterator[Any]:
    """Put something else at each place of a JSON value, one at a time."""
    yield change
    if isinstance(value, dict):
        for key in value:
            yield {k: v for k, v in value.items() if k != key}
            for below in bent(value[key], change):
                yield {**value, key: below}
    if isinstance(value, list):
        for at, item in enumerate(value):
            for below in bent(item, change):
                yield [*value[:at], below, *value[at + 1 :]]


@pytest.mark.parametrize("platform", LISTED)
@pytest.mark.parametrize(
    "change", [None, 7, -1.5, "", "x" * 3_000, [], {}, [[]], "\ud800"], ids=repr
)
def test_any_place_of_an_answer_may_be_anything(platform: str, change: Any) -> None:
    for body in bent(BODIES[platform], change):
        try:
            page = rereading(platform).read(answer_of(platform, body), DAY_AGO, "")
        except OutboundError:
            continue
        for unreadable in page.parsed.unreadable:
            # It could be a delivery of its own: that is how it is tried again one day.
            again = delivery(platform, unreadable.change.encode())
            assert adapter.load(platform).parse(again).unreadable


def test_a_comment_below_a_comment_is_found_under_its_post() -> None:
    twin, account = twin_of("facebook")
    at = RECEIVED_AT - 60_000
    for number in range(130):
        twin.learn(page_changes(comment(str(number), f"n{number}", at=at), at=at))
    twin.learn(page_changes(comment("500", "inner", at=at, under="500_7"), at=at))

    found = listed(twin, account)

    assert len({m.id for m in found}) == 131
    assert {m.parent_id for m in found if m.text == "inner"} == {"500_7"}
