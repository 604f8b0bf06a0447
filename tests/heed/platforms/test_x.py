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
from heed.platforms import x
from heed.signatures import SigningSecrets, sign_hmac_sha256
from tests.heed.platforms.samples import (
    RECEIVED_AT,
    SECRETS,
    delivery,
    one_mention,
    parse_json,
    parse_sample,
)

ADAPTER: Adapter = x
US = "2244994945"
LATER = "Fri Dec 13 04:48:09 +0000 2019"


def activity(event: str, payload: Any, includes: Any = None, user: str = US) -> dict[str, Any]:
    return {
        "data": {
            "event_uuid": "-1",
            "event_type": event,
            "filter": {"user_id": user},
            "payload": payload,
            "includes": includes or {},
        }
    }


def post(**changes: Any) -> dict[str, Any]:
    return {"id": "1000", "author_id": "77", "text": "@acmeair hello", **changes}


def tweet(**changes: Any) -> dict[str, Any]:
    older = {
        "id_str": "1000",
        "text": "@acmeair hello",
        "created_at": LATER,
        "user": {"id_str": "77", "screen_name": "ana", "name": "Ana", "followers_count": 5},
    }
    return older | changes


def older(**changes: Any) -> dict[str, Any]:
    return {"for_user_id": US, "tweet_create_events": [tweet(**changes)]}


def read(body: Any) -> Mention:
    return one_mention(parse_json(ADAPTER, body))


def mention(**changes: Any) -> Mention:
    return Mention(
        **{
            "platform": "x",
            "account": US,
            "kind": "post",
            "object_id": "1000",
            "author": Author(id="77"),
            **changes,
        }
    )


# --- Samples


def test_a_mention_event_is_read_whole() -> None:
    assert one_mention(parse_sample("x", "01-mention-complaint")) == Mention(
        platform="x",
        account=US,
        kind="post",
        object_id="2123702889477046283",
        author=Author("1390214455", "marta_reads", "Marta Quist", 412),
        text="@acmeair flight to Porto cancelled twice in two days and nobody answers the phone. "
        "This is terrible service.",
        event_at=1_795_165_200_000,
        root_id="2123702889477046283",
        naming="tag",
        summoned=True,
        language="en",
        permalink="https://x.com/marta_reads/status/2123702889477046283",
    )


@pytest.mark.parametrize(
    ("name", "naming", "summoned"),
    [
        ("02-reply-courtesy", "direct", False),
        ("03-mention-question-long", "tag", True),
        ("04-reply-not-summoned", "direct", False),
        ("06-quote", "direct", True),
        ("07-carried-handle", "carried", False),
        ("08-repost", "none", False),
        ("09-message-safety", "direct", False),
        ("17-plain-name-not-summoned", "plain", False),
    ],
)
def test_samples_name_us_in_these_ways(name: str, naming: str, summoned: bool) -> None:
    found = one_mention(parse_sample("x", name))
    assert (found.naming, found.summoned) == (naming, summoned)


def test_a_long_post_is_read_in_full() -> None:
    assert one_mention(parse_sample("x", "03-mention-question-long")).text.endswith("add it?")


def test_an_answer_of_a_colleague_points_at_what_it_answers() -> None:
    own = one_mention(parse_sample("x", "05-own-reply"))
    assert own.is_own_post
    assert own.parent == one_mention(parse_sample("x", "04-reply-not-summoned")).id


def test_a_message_of_a_colleague_belongs_to_the_same_matter() -> None:
    theirs = one_mention(parse_sample("x", "09-message-safety"))
    own = one_mention(parse_sample("x", "10-own-message"))
    assert own.is_own_post
    assert own.author.id == theirs.author.id
    assert (own.kind, own.visibility) == (theirs.kind, theirs.visibility) == ("message", "private")


def test_an_edit_keeps_the_first_id_and_answers_the_newest() -> None:
    first = one_mention(parse_sample("x", "11-mention-praise"))
    edited = one_mention(parse_sample("x", "12-mention-edited"))
    assert edited.id == first.id
    assert edited.change == "edited"
    call = x.build_reply(edited, Draft("Hi"), "")
    assert json.loads(call.body)["reply"]["in_reply_to_tweet_id"] == edited.route["post"]


def test_a_deletion_names_the_post() -> None:
    gone = one_mention(parse_sample("x", "13-post-deleted"))
    assert gone.change == "deleted"
    assert gone.id == one_mention(parse_sample("x", "03-mention-question-long")).id


# --- How a post names us


@pytest.mark.parametrize(
    ("body", "naming", "summoned"),
    [
        # The display range begins behind the handles that the reply carried along.
        (older(in_reply_to_status_id_str="1", display_text_range=[9, 14]), "carried", False),
        (older(in_reply_to_status_id_str="1", display_text_range=[0, 14]), "tag", True),
        (older(in_reply_to_status_id_str="1"), "carried", False),
        (older(text="@a @acmeair hi @ACMEAIR", in_reply_to_status_id_str="1"), "tag", True),
        (older(in_reply_to_status_id_str="1", in_reply_to_user_id_str=US), "direct", False),
        # Who goes on in an own thread still speaks to us.
        (older(in_reply_to_status_id_str="1", in_reply_to_user_id_str="77"), "direct", False),
        (older(text="more", in_reply_to_user_id_str="77"), "none", False),
        (older(text="fly acmeair they said"), "plain", False),
        (older(text="mail me@acmeair.example"), "plain", False),
        (older(text="@acmeairlines is late"), "none", False),
        (older(text="see", quoted_status_id_str="5",
               quoted_status={"user": {"id_str": US}}), "direct", True),
        (older(text="see", quoted_status_id_str="5",
               quoted_status={"user": {"id_str": "9"}}), "none", False),
        (activity("post.mention.create", post(text="@b @acmeair hi", referenced_tweets=[
            {"type": "replied_to", "id": "1"}])), "tag", True),
        (activity("post.reply.create", post(display_text_range=[0, 14])), "direct", True),
        (activity("post.reply.create", post(in_reply_to_tweet_id="9")), "direct", False),
        (activity("post.quote.create", post(text="look")), "direct", True),
    ],
)  # fmt: skip
def test_naming(body: dict[str, Any], naming: str, summoned: bool) -> None:
    found = read(body)
    assert (found.naming, found.summoned) == (naming, summoned)


def test_without_a_handle_in_the_brand_file_only_the_event_says_that_we_are_named() -> None:
    nameless = (Account("x", US, "acme"),)
    told = parse_json(ADAPTER, activity("post.mention.create", post()), registered=nameless)
    silent = parse_json(ADAPTER, older(), registered=nameless)
    assert one_mention(told).naming == "tag"
    assert one_mention(silent).naming == "none"


# --- Fields


def test_an_older_post_is_read_like_a_newer_one() -> None:
    found = read(
        older(
            in_reply_to_status_id_str="900",
            lang="iw",
            text="@acmeair a &lt;b&gt; &amp;amp; c",
            extended_entities={"media": [{}, {}]},
        )
    )
    assert found.author == Author("77", "ana", "Ana", 5)
    assert (found.root_id, found.parent_id) == ("900", "900")
    assert found.event_at == 1_576_212_489_000
    assert found.language == "he"
    assert found.text == "@acmeair a <b> &amp; c"
    assert found.media == 2


def test_media_of_a_long_post_are_counted() -> None:
    long = {"full_text": "@acmeair all of it", "entities": {"media": [{}]}}
    found = read(older(truncated=True, extended_tweet=long))
    assert (found.text, found.media) == ("@acmeair all of it", 1)


def test_an_older_repost_is_one() -> None:
    found = read(older(retweeted_status={"id_str": "31"}))
    assert found.is_repost
    assert found.quotes == "31"
    assert not found.summoned


@pytest.mark.parametrize(
    ("told", "at"),
    [
        ("2026-07-24T21:05:48.500Z", 1_784_927_148_500),
        ("2026-07-24T21:05:48+02:00", 1_784_919_948_000),
        ("2026-07-24T21:05:48", None),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_instants(told: str | None, at: int | None) -> None:
    assert read(activity("post.mention.create", post(created_at=told))).event_at == at


@pytest.mark.parametrize(
    ("code", "language"), [("en", "en"), ("und", None), ("zxx", None), ("in", "id"), (None, None)]
)
def test_languages(code: str | None, language: str | None) -> None:
    assert read(activity("post.mention.create", post(lang=code))).language == language


def test_newer_words_for_posts_are_understood() -> None:
    found = read(
        activity(
            "post.mention.create",
            post(
                id="1002",
                edit_history_post_ids=["1000", "1002"],
                referenced_posts=[{"type": "replied_to", "id": "9"}],
                note_post={"text": "@acmeair the long text"},
                conversation_id="8",
                attachments={"media_keys": ["3_1"]},
            ),
        )
    )
    assert found.object_id == "1000"
    assert (found.parent_id, found.root_id) == ("9", "8")
    assert found.text == "@acmeair the long text"
    assert found.media == 1


def test_a_handle_that_is_none_makes_no_address() -> None:
    users = {"users": [{"id": "77", "username": "a/../b"}]}
    found = read(activity("post.mention.create", post(), users))
    assert found.permalink == "https://x.com/i/status/1000"


def test_a_quoted_posts_author_is_found_among_the_included() -> None:
    included = {"tweets": [None, {"data": {"id": "5", "author_id": US}}]}
    quoting = post(text="see", referenced_tweets=[{"type": "quoted", "id": "5"}])
    found = read(activity("post.mention.create", quoting, included))
    assert (found.naming, found.quotes) == ("direct", "5")


def test_a_message_of_the_older_envelope_is_read() -> None:
    message = {
        "type": "message_create",
        "id": "42",
        "created_timestamp": "1516403560557",
        "message_create": {
            "sender_id": "77",
            "target": {"recipient_id": US},
            "message_data": {"text": "Hello?", "attachment": {"type": "media"}},
        },
    }
    users = {"77": {"id": "77", "name": "Ana", "screen_name": "ana", "followers_count": 22}}
    body = {"for_user_id": US, "direct_message_events": [message], "users": users}

    found = read(body)

    assert found.author == Author("77", "ana", "Ana", 22)
    assert (found.text, found.media, found.event_at) == ("Hello?", 1, 1_516_403_560_557)


def test_a_deletion_of_the_older_envelope_is_read() -> None:
    status = {"id": "1000", "user_id": US}
    found = read({"for_user_id": US, "tweet_delete_events": [{"status": status}]})
    assert (found.change, found.is_own_post) == ("deleted", True)


# --- What is no mention


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"for_user_id": US, "favorite_events": [{}]}, "reaction"),
        ({"for_user_id": US, "block_events": [{"type": "block"}]}, "not_a_mention"),
        ({"for_user_id": US, "direct_message_events": [{"type": "join"}]}, "not_a_mention"),
        ({"for_user_id": US, "brand_new_events": [{}]}, "unknown_event"),
        ({"for_user_id": US, "something": 1}, "unknown_event"),
        ({"replay_job_status": {"state": "Complete"}}, "not_a_mention"),
        ({"anything": 1}, "unknown_event"),
        (activity("like.create", {}), "reaction"),
        (activity("chat.received", {}), "encrypted"),
        (activity("dm.read", {}), "not_a_mention"),
        (activity("post.pin", {}), "unknown_event"),
        (activity("post.create", post(), user="5"), "unknown_account"),
        (activity("oauth.revoke", {"user_id": "5"}), "unknown_account"),
        ({"data": post(), "matching_rules": [{"tag": "other"}]}, "unknown_account"),
        ({"data": post(), "matching_rules": []}, "unknown_account"),
    ],
)
def test_ignored(body: dict[str, Any], reason: str) -> None:
    parsed = parse_json(ADAPTER, body)
    assert parsed.ignored == {reason: 1}
    assert not parsed.mentions
    assert not parsed.unreadable


@pytest.mark.parametrize(
    "body",
    [
        {"user_event": {"revoke": {"source": {"user_id": US}, "target": {"app_id": "1"}}}},
        activity("oauth.revoke", {"user_id": US, "app_id": "1"}),
    ],
)
def test_a_revocation_names_the_account(body: dict[str, Any]) -> None:
    assert parse_json(ADAPTER, body).revoked == (US,)


def test_a_rule_may_be_tagged_with_the_handle_and_two_rules_give_one_mention() -> None:
    rules = [{"tag": "acmeair"}, {"tag": "acmeair"}]
    assert read({"data": post(), "matching_rules": rules}).account == US


def test_one_bad_post_in_a_batch_costs_only_itself_and_could_be_delivered_again() -> None:
    body = older()
    body["tweet_create_events"] += [{"id_str": None}, tweet(id_str="1001"), None]

    parsed = parse_json(ADAPTER, body)

    assert [found.object_id for found in parsed.mentions] == ["1000", "1001"]
    assert [json.loads(one.change) for one in parsed.unreadable] == [
        {"for_user_id": US, "tweet_create_events": [{"id_str": None}]},
        {"for_user_id": US, "tweet_create_events": [None]},
    ]


def test_messages_of_one_event_are_read_one_by_one() -> None:
    created = {"sender_id": "77", "message_data": {"text": "a"}}
    events = [{"id": "1", "message_create": created}, {"id": "2", "message_create": created}, {}]
    parsed = parse_json(ADAPTER, activity("dm.received", {"direct_message_events": events}))
    assert [found.object_id for found in parsed.mentions] == ["1", "2"]
    assert len(parsed.unreadable) == 1


# --- Signature and challenge


def test_the_published_challenge_vector() -> None:
    # Source: zammad/zammad spec/requests/integration/twitter_webhook_spec.rb, 2026-11-22.
    assert x.sign(b"some_random", "DDD") == {
        "x-twitter-webhooks-signature": "sha256=VE19eUk6krbdSqWPdvH71xtFhApBAU81uPW3UT65vOs="
    }


def test_a_challenge_is_answered_with_the_current_key() -> None:
    token = "MWI4NzM4NjItYjRkNS00ODg4"
    answer = x.handshake(delivery("x", method="GET", query={"crc_token": token}), SECRETS)
    expected = sign_hmac_sha256(
        token.encode(), SECRETS.keys[0], prefix="sha256=", encoding="base64"
    )
    assert answer == Answer(200, f'{{"response_token":"{expected}"}}', "application/json")


@pytest.mark.parametrize(
    "token", ["short", "a" * 129, '{"for_user_id":"1","a":[]}', "abcdefgh ijklmnop", "ａ" * 20, ""]
)
def test_a_challenge_that_could_be_a_body_is_refused(token: str) -> None:
    with pytest.raises(SignatureError):
        x.handshake(delivery("x", method="GET", query={"crc_token": token}), SECRETS)


def test_a_signature_of_the_challenge_kind_proves_no_delivery() -> None:
    body = b'{"for_user_id":"2244994945"}'
    with pytest.raises(SignatureError):
        x.verify(delivery("x", body, {"x-hub-signature-256": x.sign(body, "k")["x-twitter-"
                 "webhooks-signature"]}), SigningSecrets(("k",)))  # fmt: skip


# --- Replies


def test_a_public_reply() -> None:
    call = x.build_reply(mention(), Draft("Sorry ✈"), "key")
    assert (call.method, call.host, call.path, call.auth) == (
        "POST", "api.x.com", "/2/tweets", "bearer",
    )  # fmt: skip
    assert call.body == b'{"text":"Sorry \\u2708","reply":{"in_reply_to_tweet_id":"1000"}}'


@pytest.mark.parametrize(
    ("asked", "draft"),
    [(mention(visibility="private"), Draft("Hi")), (mention(), Draft("Hi", private=True))],
)
def test_a_message_goes_to_the_author(asked: Mention, draft: Draft) -> None:
    call = x.build_reply(asked, draft, "key")
    assert (call.path, call.body) == ("/2/dm_conversations/with/77/messages", b'{"text":"Hi"}')


@pytest.mark.parametrize("body", [{"data": {"id": "5"}}, {"data": {"dm_event_id": "5"}}])
def test_a_receipt(body: Any) -> None:
    answer = Response(201, {}, json.dumps(body).encode())
    assert x.read_receipt(answer, RECEIVED_AT) == Receipt("5")


PROBLEM = "https://api.x.com/2/problems/"


@pytest.mark.parametrize(
    ("status", "body", "error", "cause"),
    [
        (200, b"", DoubtfulError, None),
        (201, b"{}", DoubtfulError, None),
        (302, b"", DoubtfulError, None),
        (408, b"{}", DoubtfulError, None),
        (500, b"{}", DoubtfulError, None),
        (503, b"{}", DoubtfulError, None),
        (400, b"{}", ReplyRejectedError, "bad_request"),
        (401, b"{}", ReplyRejectedError, "token"),
        (402, b"{}", ReplyRejectedError, "usage_capped"),
        (403, b"{}", ReplyRejectedError, "not_summoned"),
        (403, {"type": PROBLEM + "client-forbidden"}, ReplyRejectedError, "permission"),
        (403, {"type": PROBLEM + "not-authorized-for-resource"}, ReplyRejectedError, "blocked"),
        (403, {"errors": [{"code": 187}]}, ReplyRejectedError, "duplicate"),
        (403, {"errors": [{"code": 186}]}, ReplyRejectedError, "too_long"),
        (403, {"errors": [{"code": 385}]}, ReplyRejectedError, "gone"),
        (404, b"not JSON", ReplyRejectedError, "gone"),
        (400, {"type": PROBLEM + "resource-not-found"}, ReplyRejectedError, "gone"),
        (422, b"{}", ReplyRejectedError, "bad_request"),
        (429, {"type": PROBLEM + "usage-capped"}, ReplyRejectedError, "usage_capped"),
    ],
)
def test_refusals(status: int, body: Any, error: type[OutboundError], cause: str | None) -> None:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(error) as caught:
        x.read_receipt(Response(status, {}, raw), RECEIVED_AT)
    assert getattr(caught.value, "cause", None) == cause


@pytest.mark.parametrize(
    ("status", "body", "reset", "wait_s"),
    [
        (429, {}, None, 900),
        (429, {}, "soon", 900),
        (429, {"type": PROBLEM + "rate-limit-exceeded"}, RECEIVED_AT // 1000 + 30, 30),
        (429, {"errors": [{"code": 88}]}, RECEIVED_AT // 1000 - 5, 1),
        (429, {}, RECEIVED_AT // 1000 + 86_400, 10_800),
        (400, {"errors": [{"code": 88}]}, RECEIVED_AT // 1000 + 60, 60),
        (403, {"type": PROBLEM + "rate-limit-exceeded"}, RECEIVED_AT // 1000 + 60, 60),
    ],
)
def test_waiting(status: int, body: Any, reset: int | str | None, wait_s: float) -> None:
    headers = {} if reset is None else {"x-rate-limit-reset": str(reset)}
    with pytest.raises(RateLimitedError) as caught:
        x.read_receipt(Response(status, headers, json.dumps(body).encode()), RECEIVED_AT)
    assert caught.value.retry_after_s == wait_s
    assert caught.value.retryable


# --- Looking for a reply


def look(body: Any, status: int = 200) -> tuple[OwnReply, ...]:
    lookup = x.find_own_reply(mention(route={"post": "1002"}))
    assert lookup is not None
    return lookup.read(Response(status, {}, json.dumps(body).encode()))


def test_a_look_up_reads_our_posts_since_the_mention() -> None:
    lookup = x.find_own_reply(mention())
    assert lookup is not None
    assert lookup.call.path == (
        "/2/users/2244994945/tweets?max_results=100&tweet.fields=referenced_tweets&since_id=1000"
    )


def test_a_reply_is_found_by_what_it_answers() -> None:
    posts = [
        {"id": "7", "text": "a", "referenced_tweets": [{"type": "replied_to", "id": "1000"}]},
        {"id": "8", "text": "b", "referenced_posts": [{"type": "replied_to", "id": "1002"}]},
        {"id": "9", "text": "c", "referenced_tweets": [{"type": "quoted", "id": "1000"}]},
        {"id": "10", "text": "d"},
    ]
    assert look({"data": posts, "meta": {}}) == (OwnReply("7", "a"), OwnReply("8", "b"))


def test_no_post_at_all_means_not_found() -> None:
    assert look({"meta": {"result_count": 0}}) == ()


@pytest.mark.parametrize(
    ("body", "status"),
    [({"meta": {}}, 500), ({"errors": []}, 200), ({"meta": {"next_token": "n"}, "data": []}, 200)],
)
def test_a_look_up_that_tells_nothing_is_doubtful(body: Any, status: int) -> None:
    with pytest.raises(DoubtfulError):
        look(body, status)


def test_messages_cannot_be_looked_up() -> None:
    assert x.find_own_reply(mention(kind="message", visibility="private")) is None


# --- Length


@pytest.mark.parametrize(
    ("text", "length"),
    [
        # Source: docs.x.com "Counting characters", 2026-11-22.
        ("Hello, world! 👋", 16),
        ("👾", 2),
        ("🙋🏽", 2),
        ("👨‍🎤", 2),
        ("👨‍👩‍👧‍👦", 2),
        ("https://example.com", 23),
        ("https://example.com/very/long/path?q=1", 23),
        ("cafe\u0301", 4),
        # Source: pypi.org/project/twitter-text-parser, example, 2026-11-22.
        ("english text 日本語 😷 https://example.com", 46),
        ("é – “quoted” …", 15),
        ("日本", 4),
        ("🇬🇧", 2),
        ("1️⃣", 2),
        ("see https://a.example/b. Then", 33),
        ("write to acme.example now", 36),
        ("日本https://a.example/b日本", 31),
    ],
)
def test_text_length(text: str, length: int) -> None:
    assert x.text_length(text) == length


def test_every_event_that_is_read_is_subscribed() -> None:
    [first, *others] = x.connect(Account("x", US, "acme", "acmeair"), "https://heed.example/h")
    assert first.call is not None
    assert json.loads(first.call.body) == {"url": "https://heed.example/h"}
    bodies = [json.loads(step.call.body) for step in others if step.call]
    assert len(bodies) == 7
    assert all(body["filter"] == {"user_id": US} for body in bodies)


# Tokens.

FIELDS = {"token": "t1", "refresh_token": "r1", "client_id": "app id"}


def test_a_token_is_renewed_by_a_form_that_names_the_client() -> None:
    call = x.build_refresh(FIELDS)

    assert call is not None
    assert (call.method, call.host, call.path) == ("POST", "api.x.com", "/2/oauth2/token")
    assert call.host in x.HOSTS
    assert call.auth == "none"
    assert call.headers == {"content-type": "application/x-www-form-urlencoded"}
    assert call.body == b"grant_type=refresh_token&refresh_token=r1&client_id=app+id"


def test_a_client_with_a_secret_signs_in_with_it() -> None:
    # RFC 7617, section 2.
    call = x.build_refresh(
        {"refresh_token": "r1", "client_id": "Aladdin", "client_secret": "open sesame"}
    )

    assert call is not None
    assert call.headers["authorization"] == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
    assert "sesame" not in call.body.decode()
    assert "QWxh" not in repr(call)
    assert "r1" not in repr(call)


@pytest.mark.parametrize("lacks", ["refresh_token", "client_id"])
def test_a_secret_that_lacks_what_renewing_needs_offers_none(lacks: str) -> None:
    assert x.build_refresh({**FIELDS, lacks: None}) is None


@pytest.mark.parametrize(
    ("more", "new"),
    [
        ({"refresh_token": "r2", "expires_in": 60}, {"refresh_token": "r2", "s": 60}),
        ({}, {"s": 7200}),
        ({"refresh_token": 5, "expires_in": "soon"}, {"s": 7200}),
    ],
)
def test_new_tokens_are_read_with_their_end(more: Any, new: dict[str, Any]) -> None:
    body = json.dumps({"token_type": "bearer", "access_token": "t2", **more}).encode()
    ends_at = RECEIVED_AT + new.pop("s") * 1000

    read = x.read_refresh(Response(200, {}, body), RECEIVED_AT)

    assert read == {"token": "t2", "expires_at": ends_at, **new}


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, {"error": "invalid_request"}, ReplyRejectedError),
        (401, {"error": "invalid_client"}, ReplyRejectedError),
        (429, {}, RateLimitedError),
        (500, {}, DoubtfulError),
        (408, {}, DoubtfulError),
        (200, {}, DoubtfulError),
        (200, {"access_token": ""}, DoubtfulError),
        (302, {"access_token": "t2"}, DoubtfulError),
    ],
)
def test_no_new_token(status: int, body: Any, error: type[OutboundError]) -> None:
    with pytest.raises(error):
        x.read_refresh(Response(status, {}, json.dumps(body).encode()), RECEIVED_AT)
