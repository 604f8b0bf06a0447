import json
from typing import Any

import pytest

from heed.adapter import Adapter, Answer, Draft, OwnReply, Receipt, Response
from heed.domain.mention import Account, Author, Mention
from heed.errors import (
    DoubtfulError,
    OutboundError,
    RateLimitedError,
    ReplyRejectedError,
    SignatureError,
)
from heed.platforms import facebook
from heed.signatures import SigningSecrets
from tests.acceptance import is_accepted
from tests.heed.platforms.samples import (
    RECEIVED_AT,
    SECRETS,
    delivery,
    one_mention,
    parse_json,
    parse_sample,
)

ADAPTER: Adapter = facebook
PAGE = "1067280970047460"


def change(field: str = "feed", **value: Any) -> dict[str, Any]:
    whole = {"item": "comment", "verb": "add", "post_id": "1_2", "comment_id": "2_3", **value}
    return {"field": field, "value": whole}


def page(*changes: Any, **entry: Any) -> dict[str, Any]:
    return {"object": "page", "entry": [{"id": PAGE, "time": 9, "changes": [*changes], **entry}]}


def read(**value: Any) -> Mention:
    return one_mention(parse_json(ADAPTER, page(change(**value))))


def mention(**changes: Any) -> Mention:
    return Mention(
        **{
            "platform": "facebook",
            "account": PAGE,
            "kind": "comment",
            "object_id": "2_3",
            "author": Author(id="77"),
            **changes,
        }
    )


# --- Samples


def test_a_comment_is_read_whole() -> None:
    post_id = f"{PAGE}_122101558730047460"
    assert one_mention(parse_sample("facebook", "01-comment-complaint")) == Mention(
        platform="facebook",
        account=PAGE,
        kind="comment",
        object_id="122101558730047460_801245550317",
        author=Author(id="24188013370961254", name="Zoë Dvořák"),
        text="Two hours on hold and then your café voucher didn’t even work. Terrible service, "
        "I am so angry 😡",
        event_at=1_795_165_200_000,
        root_id=post_id,
        parent_id=post_id,
        naming="page",
        permalink="https://www.facebook.com/acmeair/posts/122101558730047460",
    )


def test_a_colleagues_comment_points_at_the_comment_that_it_answers() -> None:
    own = one_mention(parse_sample("facebook", "03-own-comment"))
    assert own.is_own_post
    assert own.parent == one_mention(parse_sample("facebook", "01-comment-complaint")).id


def test_a_photo_without_words_has_no_text() -> None:
    found = one_mention(parse_sample("facebook", "04-comment-photo-only"))
    assert (found.text, found.media) == ("", 1)


def test_a_visitors_post_starts_a_thread() -> None:
    found = one_mention(parse_sample("facebook", "06-visitor-post-praise"))
    assert (found.kind, found.root, found.parent, found.naming) == ("post", None, None, "page")


def test_a_mention_elsewhere_has_no_author_and_summons_us() -> None:
    found = one_mention(parse_sample("facebook", "07-mention-comment"))
    assert found.author == Author()
    assert (found.naming, found.summoned) == ("tag", True)


def test_edit_and_removal_name_the_same_comment_with_the_time_of_the_entry() -> None:
    first = one_mention(parse_sample("facebook", "02-comment-question"))
    edited = one_mention(parse_sample("facebook", "08-comment-edited"))
    removed = one_mention(parse_sample("facebook", "09-comment-removed"))
    assert first.id == edited.id == removed.id
    assert (edited.change, removed.change) == ("edited", "deleted")
    assert (first.event_at or 0) < (edited.event_at or 0) < (removed.event_at or 0)


def test_a_batch_is_read_change_by_change() -> None:
    parsed = parse_sample("facebook", "11-batch")
    assert len(parsed.mentions) == 2
    assert parsed.ignored == {"reaction": 1, "not_a_mention": 1}


def test_an_answer_to_a_comment_hangs_below_it() -> None:
    found = one_mention(parse_sample("facebook", "12-reply-question"))
    assert found.parent_kind == "comment"
    assert found.root_kind == "post"
    assert found.route == {"under": "122101558730051112_801245551077"}


# --- Fields


def test_old_bodies_have_other_words_and_ids_as_numbers() -> None:
    found = read(sender_id=77, sender_name="Ana", created_time=5, comment_id=23, post_id=12)
    assert found.author == Author(id="77", name="Ana")
    assert (found.object_id, found.root_id, found.event_at) == ("23", "12", 5_000)


@pytest.mark.parametrize(
    ("value", "media"),
    [
        ({}, 0),
        ({"photo": "https://p"}, 1),
        ({"video": "https://v"}, 1),
        ({"item": "photo", "link": "https://p"}, 1),
        ({"item": "status", "photos": ["a", "b"]}, 2),
    ],
)
def test_media(value: dict[str, Any], media: int) -> None:
    assert read(**value).media == media


@pytest.mark.parametrize(
    ("link", "kept"),
    [
        ("https://www.facebook.com/acmeair/posts/1", True),
        ("https://facebook.com/1", True),
        ("https://facebook.com.evil.example/1", False),
        ("http://www.facebook.com/1", False),
        ("javascript:alert(1)", False),
        (7, False),
    ],
)
def test_only_the_platforms_own_links_are_kept(link: Any, kept: bool) -> None:
    assert (read(post={"permalink_url": link}).permalink == link) is kept


def test_a_change_without_the_list_around_it_is_read() -> None:
    body = {"object": "page", "entry": [{"id": PAGE, "time": 9, **change()}]}
    assert one_mention(parse_json(ADAPTER, body)).object_id == "2_3"


@pytest.mark.parametrize("item", ["post", "status", "photo", "video", "share"])
@pytest.mark.parametrize(
    ("verb", "kind"), [("add", "created"), ("edit", "edited"), ("remove", "deleted")]
)
def test_posts(item: str, verb: str, kind: str) -> None:
    found = read(item=item, verb=verb)
    assert (found.kind, found.object_id, found.change) == ("post", "1_2", kind)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (page(change(item="reaction")), "reaction"),
        (page(change(item="like", verb="remove")), "reaction"),
        (page(change(item="album")), "not_a_mention"),
        (page(change(verb="unhide")), "not_a_mention"),
        (page(change(verb="celebrate")), "unknown_event"),
        (page(change(item="hologram")), "unknown_event"),
        (page(change(field="ratings")), "unknown_event"),
        (page(change(), id="5"), "unknown_account"),
        ({"object": "instagram", "entry": [{"id": PAGE}]}, "unknown_event"),
        ({"object": "page", "entry": [{"id": PAGE, "messaging": [{}]}]}, "unknown_event"),
    ],
)
def test_ignored(body: Any, reason: str) -> None:
    parsed = parse_json(ADAPTER, body)
    assert parsed.ignored == {reason: 1}
    assert not parsed.mentions


def test_one_bad_change_of_many_costs_only_itself_wherever_it_stands() -> None:
    good = [change(comment_id=f"2_{number}") for number in range(999)]
    for place in (0, 500, 999):
        changes = [*good[:place], {"field": "feed", "value": {"item": "comment"}}, *good[place:]]

        parsed = parse_json(ADAPTER, page(*changes))

        assert len(parsed.mentions) == 999
        [bad] = parsed.unreadable
        assert json.loads(bad.change) == page(changes[place])


def test_our_own_post_elsewhere_that_names_the_page_does_not_summon_us() -> None:
    value = change("mention", **{"from": {"id": PAGE, "name": "Acme Air"}})

    mention = one_mention(parse_json(ADAPTER, page(value)))

    assert mention.is_own_post
    assert (mention.naming, mention.summoned) == ("none", False)


@pytest.mark.parametrize("entries", [[], [{"id": PAGE, "changes": []}]])
def test_a_delivery_that_holds_no_change_does_not_vanish(entries: list[Any]) -> None:
    parsed = parse_json(facebook, {"object": "page", "entry": entries})

    assert len(parsed.unreadable) == 1
    assert parsed.mentions == ()


@pytest.mark.parametrize("body", [[], {"entry": 1}, {"object": "page"}, page("x"), page(None)])
def test_what_has_another_form_is_kept_aside(body: Any) -> None:
    parsed = parse_json(ADAPTER, body)
    assert len(parsed.unreadable) == 1
    assert json.loads(parsed.unreadable[0].change) == body


# --- Signature and handshake


def test_a_signature_made_by_another_program() -> None:
    # openssl dgst -sha256 -hmac my_app_secret, over the escaped form that Meta sends.
    body = b'{"object":"page","entry":[{"id":"0","text":"\\u00e4\\u00f6\\u00e5"}]}'
    signature = "6f06ae17eab61b0a6370913c1e45c803080f2b70cad3776a4712fe37e3e211a7"
    headers = {"x-hub-signature-256": f"sha256={signature}"}
    secrets = SigningSecrets(("other", "my_app_secret"))
    given = delivery("facebook", body, headers)
    assert is_accepted(lambda: facebook.verify(given, secrets))


def test_the_unescaped_form_of_a_body_is_another_body() -> None:
    headers = facebook.sign(b'{"text":"\\u00e4"}', "k")
    with pytest.raises(SignatureError):
        facebook.verify(delivery("facebook", '{"text":"ä"}'.encode(), headers), SECRETS)


def test_the_older_signature_alone_proves_nothing() -> None:
    headers = {"x-hub-signature": "sha1=2fd4e1c67a2d28fced849ee1bb76e7391b93eb12"}
    with pytest.raises(SignatureError):
        facebook.verify(delivery("facebook", b"{}", headers), SECRETS)


def test_upper_case_hex_is_refused() -> None:
    [(name, value)] = facebook.sign(b"{}", SECRETS.keys[0]).items()
    with pytest.raises(SignatureError):
        facebook.verify(delivery("facebook", b"{}", {name: f"sha256={value[7:].upper()}"}), SECRETS)


def handshake(**changes: str) -> Answer | None:
    query = {
        "hub.mode": "subscribe",
        "hub.verify_token": "verify-me",
        "hub.challenge": "1158201444",
        **{f"hub.{key}": value for key, value in changes.items()},
    }
    return facebook.handshake(delivery("facebook", method="GET", query=query), SECRETS)


def test_the_challenge_is_echoed_as_plain_text() -> None:
    assert handshake() == Answer(200, "1158201444", "text/plain; charset=utf-8")


@pytest.mark.parametrize(
    "changes",
    [
        {"verify_token": "verify-you"},
        {"verify_token": ""},
        {"mode": "unsubscribe"},
        {"challenge": "<b>1</b>"},
        {"challenge": ""},
        {"challenge": "1" * 129},
    ],
)
def test_other_challenges_are_refused(changes: dict[str, str]) -> None:
    with pytest.raises(SignatureError):
        handshake(**changes)


def test_without_a_verify_token_nobody_is_answered() -> None:
    query = {"hub.mode": "subscribe", "hub.verify_token": "", "hub.challenge": "1158201444"}
    with pytest.raises(SignatureError):
        facebook.handshake(
            delivery("facebook", method="GET", query=query), SigningSecrets(("key",))
        )


# --- Replies


def test_a_public_reply_is_a_comment() -> None:
    call = facebook.build_reply(mention(), Draft("Sorry ✈"), "key")
    assert (call.host, call.path) == ("graph.facebook.com", "/v26.0/2_3/comments")
    assert call.body == b'{"message":"Sorry \\u2708"}'


@pytest.mark.parametrize(("kind", "recipient"), [("comment", "comment_id"), ("post", "post_id")])
def test_a_private_reply_is_a_message_of_the_page(kind: str, recipient: str) -> None:
    call = facebook.build_reply(mention(kind=kind), Draft("Hi", private=True), "key")
    assert call.path == f"/v26.0/{PAGE}/messages"
    assert json.loads(call.body) == {"recipient": {recipient: "2_3"}, "message": {"text": "Hi"}}


@pytest.mark.parametrize("body", [{"id": "2_9"}, {"recipient_id": "77", "message_id": "2_9"}])
def test_a_receipt(body: Any) -> None:
    answer = Response(200, {}, json.dumps(body).encode())
    assert facebook.read_receipt(answer, RECEIVED_AT) == Receipt("2_9")


@pytest.mark.parametrize(
    ("status", "code", "subcode", "error", "cause"),
    [
        (200, None, None, DoubtfulError, None),
        (500, 1, None, DoubtfulError, None),
        (500, 4, None, DoubtfulError, None),
        (502, None, None, DoubtfulError, None),
        (400, 1, None, DoubtfulError, None),
        (400, 2, None, DoubtfulError, None),
        (400, 3, None, ReplyRejectedError, "permission"),
        (403, 10, None, ReplyRejectedError, "permission"),
        (400, 10, 2018278, ReplyRejectedError, "gone"),
        (403, 200, None, ReplyRejectedError, "permission"),
        (403, 299, None, ReplyRejectedError, "permission"),
        (400, 100, None, ReplyRejectedError, "bad_request"),
        (400, 100, 33, ReplyRejectedError, "gone"),
        (400, 102, None, ReplyRejectedError, "token"),
        (401, 190, 463, ReplyRejectedError, "token"),
        (400, 368, None, ReplyRejectedError, "permission"),
        (400, 506, None, ReplyRejectedError, "duplicate"),
        (400, 9999, None, ReplyRejectedError, "bad_request"),
        (400, None, None, ReplyRejectedError, "bad_request"),
    ],
)
def test_refusals(
    status: int,
    code: int | None,
    subcode: int | None,
    error: type[OutboundError],
    cause: str | None,
) -> None:
    body = json.dumps({"error": {"code": code, "error_subcode": subcode}}).encode()
    with pytest.raises(error) as caught:
        facebook.read_receipt(Response(status, {}, body), RECEIVED_AT)
    assert getattr(caught.value, "cause", None) == cause


@pytest.mark.parametrize("code", [4, 17, 32, 341, 613, 80001, 80014])
def test_throttling_is_told_by_the_code(code: int) -> None:
    body = json.dumps({"error": {"code": code}}).encode()
    with pytest.raises(RateLimitedError) as caught:
        facebook.read_receipt(Response(400, {}, body), RECEIVED_AT)
    assert caught.value.retry_after_s == 60


@pytest.mark.parametrize(
    ("usage", "wait_s"),
    [
        ('{"1":[{"estimated_time_to_regain_access":7},{"type":"pages"}],"2":[]}', 420),
        ('{"1":[{"estimated_time_to_regain_access":100000}]}', 10_800),
        ('{"1":[{"estimated_time_to_regain_access":0}]}', 60),
        ('{"1":7}', 60),
        ("[]", 60),
        ("{", 60),
    ],
)
def test_the_longest_wait_is_told_in_minutes_in_a_header(usage: str, wait_s: float) -> None:
    headers = {"x-business-use-case-usage": usage}
    with pytest.raises(RateLimitedError) as caught:
        facebook.read_receipt(Response(400, headers, b'{"error":{"code":32}}'), RECEIVED_AT)
    assert caught.value.retry_after_s == wait_s


# --- Looking for a reply


def look(body: Any, status: int = 200, **changes: Any) -> tuple[OwnReply, ...]:
    lookup = facebook.find_own_reply(mention(event_at=1_790_000_000_000, **changes))
    assert lookup is not None
    return lookup.read(Response(status, {}, json.dumps(body).encode()))


@pytest.mark.parametrize(("route", "above"), [({}, "2_3"), ({"under": "2_1"}, "2_1")])
def test_a_look_up_reads_where_the_answer_would_stand(route: dict[str, str], above: str) -> None:
    lookup = facebook.find_own_reply(mention(route=route))
    assert lookup is not None
    assert lookup.call.path == (
        f"/v26.0/{above}/comments?fields=id,from,message,created_time"
        "&order=reverse_chronological&limit=100"
    )


def test_our_own_newer_comments_are_found() -> None:
    ours, time = {"id": PAGE}, "created_time"
    comments = [
        {"id": "1", "from": ours, "message": "a", time: "2026-11-20T09:00:00+0000"},
        {"id": "2", "from": ours, "message": "b"},
        {"id": "3", "from": ours, "message": "c", time: "2020-01-01T00:00:00+0000"},
        {"id": "4", "from": ours, "message": "d", time: "2020-01-01T00:00:00"},
        {"id": "5", "from": {"id": "77"}, "message": "e"},
        {"id": "6", "message": "f"},
    ]
    assert look({"data": comments}) == (OwnReply("1", "a"), OwnReply("2", "b"), OwnReply("4", "d"))


def test_no_comment_means_not_found() -> None:
    assert look({"data": []}) == ()


@pytest.mark.parametrize(
    ("body", "status"),
    [({"data": []}, 400), ({"error": {}}, 200), ({"data": [], "paging": {"next": "https"}}, 200)],
)
def test_a_look_up_that_tells_nothing_is_doubtful(body: Any, status: int) -> None:
    with pytest.raises(DoubtfulError):
        look(body, status)


def test_connecting_subscribes_the_page() -> None:
    by_hand, subscribed = facebook.connect(
        Account("facebook", PAGE, "acme"), "https://heed.example/h"
    )
    assert "https://heed.example/h" in by_hand.says
    assert subscribed.call is not None
    assert subscribed.call.path == f"/v26.0/{PAGE}/subscribed_apps?subscribed_fields=feed,mention"
