import json
from typing import Any

import pytest

from heed.adapter import Adapter, Draft, Receipt, Response
from heed.domain.mention import Account, Author, Mention
from heed.errors import (
    DoubtfulError,
    NotUnderstoodError,
    OutboundError,
    RateLimitedError,
    ReplyRejectedError,
)
from heed.platforms import telegram
from tests.heed.platforms.samples import (
    RECEIVED_AT,
    SECRETS,
    accounts,
    delivery,
    one_mention,
    parse_json,
    parse_sample,
)

ADAPTER: Adapter = telegram
BOT = 7_000_000_001
GROUP = {"id": -100, "type": "supergroup", "username": "acme_group"}
PERSON = {"id": 77, "first_name": "Ana", "is_bot": False}


def message(**changes: Any) -> dict[str, Any]:
    whole = {"message_id": 5, "date": 9, "chat": GROUP, "from": PERSON, "text": "hello"}
    return {key: value for key, value in (whole | changes).items() if value is not ...}


def read(kind: str = "message", **changes: Any) -> Mention:
    return one_mention(parse_json(ADAPTER, {"update_id": 1, kind: message(**changes)}))


def mention(**changes: Any) -> Mention:
    return Mention(
        **{
            "platform": "telegram",
            "account": str(BOT),
            "kind": "comment",
            "object_id": "-100:5",
            "author": Author(id="77"),
            **changes,
        }
    )


# --- Samples


def test_a_private_message_is_read_whole() -> None:
    assert one_mention(parse_sample("telegram", "01-private-complaint")) == Mention(
        platform="telegram",
        account=str(BOT),
        kind="message",
        object_id="511820044:41",
        visibility="private",
        author=Author(id="511820044", handle="olga_p", name="Olga Petrova"),
        text="My flight was cancelled and your app shows nothing. I am really angry, this is "
        "awful 😠",
        event_at=1_795_165_200_000,
        root_kind="message",
        parent_kind="message",
        naming="direct",
    )


@pytest.mark.parametrize(
    ("name", "naming", "summoned"),
    [
        ("03-group-mention-question", "tag", True),
        ("05-group-plain-line", "none", False),
        ("06-group-reply-to-bot", "direct", False),
        ("11-topic-question", "tag", True),
        ("19-group-photo-complaint", "tag", True),
    ],
)
def test_samples_name_us_in_these_ways(name: str, naming: str, summoned: bool) -> None:
    found = one_mention(parse_sample("telegram", name))
    assert (found.naming, found.summoned) == (naming, summoned)


def test_a_nameless_administrator_is_ours_and_points_at_the_question() -> None:
    own = one_mention(parse_sample("telegram", "04-own-reply-in-group"))
    assert own.is_own_post
    assert not own.author.automated
    assert own.parent == one_mention(parse_sample("telegram", "03-group-mention-question")).id


def test_a_channel_is_ours() -> None:
    own = one_mention(parse_sample("telegram", "09-own-channel-post"))
    assert (own.is_own_post, own.kind) == (True, "post")


def test_a_sticker_has_no_text() -> None:
    found = one_mention(parse_sample("telegram", "07-private-sticker"))
    assert (found.text, found.media) == ("", 1)


def test_an_edit_is_the_same_message_at_a_later_time() -> None:
    first = one_mention(parse_sample("telegram", "03-group-mention-question"))
    edited = one_mention(parse_sample("telegram", "08-group-edited"))
    assert (edited.id, edited.change) == (first.id, "edited")
    assert (edited.event_at or 0) > (first.event_at or 0)


def test_a_business_chat_counts_its_messages_apart() -> None:
    first = one_mention(parse_sample("telegram", "12-business-legal"))
    gone = one_mention(parse_sample("telegram", "13-business-deleted"))
    assert first.object_id == "kQ8zWbN1AcmeDesk07:671188302:88"
    assert (gone.id, gone.change, gone.author.id) == (first.id, "deleted", first.author.id)


def test_another_bot_is_known_as_one() -> None:
    assert one_mention(parse_sample("telegram", "18-group-other-bot")).author.automated


# --- Whose words, and for whom


@pytest.mark.parametrize(
    "changes",
    [
        {"from": {"id": BOT, "is_bot": True}},
        {"from": {"id": str(BOT)}},
        {"chat": {"id": -3, "type": "channel"}, "from": ...},
        {"sender_chat": {"id": -9, "type": "channel"}, "is_automatic_forward": True},
        {"sender_chat": GROUP, "from": {"id": 1087968824, "is_bot": True}},
        {"chat": {"id": 88, "type": "private"}, "business_connection_id": "b"},
    ],
)
def test_own_posts(changes: dict[str, Any]) -> None:
    own = read(**changes)
    assert own.is_own_post
    assert not own.author.automated
    assert own.naming == "none"


def test_the_owners_message_belongs_to_the_customers_matter() -> None:
    own = read(chat={"id": 88, "type": "private"}, business_connection_id="b")
    assert own.author == Author(id="88")


def test_who_speaks_as_a_channel_is_no_bot_and_not_us() -> None:
    sender = {"id": -9, "type": "channel", "title": "Town News", "username": "town"}
    behind: dict[str, Any] = {"from": {"id": 136817688, "is_bot": True}}
    found = read(sender_chat=sender, **behind)
    assert found.author == Author(id="-9", handle="town", name="Town News")
    assert not found.is_own_post


@pytest.mark.parametrize(
    ("changes", "naming"),
    [
        ({"text": "hi @ACME_air_bot", "entities": [(3, 13)]}, "tag"),
        ({"text": "👋👋 @acme_air_bot", "entities": [(5, 13)]}, "tag"),
        ({"text": "hi @acme_air_bot", "entities": [(4, 13)]}, "none"),
        ({"text": "hi @acme_air_bot", "entities": [(3, 99_999)]}, "tag"),
        ({"text": "hi @acme_air_bot", "entities": [("x", None)]}, "none"),
        ({"text": "hi @acme_air_bot"}, "none"),
        ({"text": "hi @other_bot", "entities": [(3, 10)]}, "none"),
        ({"reply_to_message": {"message_id": 1, "is_automatic_forward": True}}, "page"),
        ({"reply_to_message": {"message_id": 1, "from": {"id": 5}}}, "none"),
    ],
)
def test_naming(changes: dict[str, Any], naming: str) -> None:
    entities = [
        {"type": "mention", "offset": offset, "length": length}
        for offset, length in changes.pop("entities", [])
    ]
    found = read(**changes, entities=entities)
    assert (found.naming, found.summoned) == (naming, naming == "tag")


@pytest.mark.parametrize(("user", "naming"), [(BOT, "tag"), (5, "none"), (None, "none")])
def test_a_mention_without_a_handle_names_the_user(user: int | None, naming: str) -> None:
    entity = {"type": "text_mention", "offset": 0, "length": 5, "user": {"id": user}}
    assert read(entities=[entity]).naming == naming


def test_without_a_handle_in_the_brand_file_no_tag_is_ours() -> None:
    entity = {"type": "mention", "offset": 0, "length": 1}
    nameless = (Account("telegram", str(BOT), "acme"),)
    body = {"update_id": 1, "message": message(text="@", entities=[entity])}
    assert one_mention(parse_json(ADAPTER, body, registered=nameless)).naming == "none"


# --- Threads and links


def test_a_topic_is_the_root_and_is_named_in_the_answer() -> None:
    found = read(message_thread_id=12, is_topic_message=True)
    assert (found.root_id, found.route) == ("-100:12", {"topic": "12"})


def test_a_thread_of_replies_is_the_root_and_is_not_named() -> None:
    parent = {"message_id": 3, "from": {"id": BOT}}
    found = read(message_thread_id=2, reply_to_message=parent)
    assert (found.root_id, found.parent_id, found.route) == ("-100:2", "-100:3", {})


def test_without_a_thread_the_parent_is_the_root() -> None:
    assert read(reply_to_message={"message_id": 3}).root_id == "-100:3"


def test_a_private_chat_has_no_root() -> None:
    chat = {"id": 77, "type": "private", "username": "ana_b"}
    found = read(chat=chat, reply_to_message={"message_id": 3}, message_thread_id=4)
    assert (found.root_id, found.parent_id, found.permalink) == (None, "77:3", None)
    assert found.parent_kind == "message"


@pytest.mark.parametrize(
    ("name", "link"),
    [("acme_group", "https://t.me/acme_group/5"), ("../x", None), (7, None), (None, None)],
)
def test_only_public_chats_have_links(name: Any, link: str | None) -> None:
    assert read(chat={**GROUP, "username": name}).permalink == link


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("message", "created"),
        ("edited_message", "edited"),
        ("channel_post", "created"),
        ("edited_channel_post", "edited"),
        ("business_message", "created"),
        ("edited_business_message", "edited"),
    ],
)
def test_kinds(kind: str, change: str) -> None:
    found = read(kind, edit_date=11)
    assert (found.change, found.event_at) == (change, 9_000 if change == "created" else 11_000)


# --- What is no mention


@pytest.mark.parametrize(
    ("update", "reason"),
    [
        ({"message_reaction": {}}, "reaction"),
        ({"message_reaction_count": {}}, "reaction"),
        ({"callback_query": {}}, "not_a_mention"),
        # A person, or a group that anybody can make: the account itself goes on.
        ({"my_chat_member": {"new_chat_member": {"status": "kicked"}}}, "not_a_mention"),
        ({"guest_message": {}}, "unknown_event"),
        ({}, "unknown_event"),
        ({"message": message(text=..., new_chat_members=[PERSON])}, "not_a_mention"),
        ({"message": message(text="/start")}, "not_a_mention"),
        ({"message": message(text="/start@acme_air_bot from_web")}, "not_a_mention"),
    ],
)
def test_ignored(update: dict[str, Any], reason: str) -> None:
    parsed = parse_json(ADAPTER, {"update_id": 1, **update})
    assert parsed.ignored == {reason: 1}
    assert not parsed.revoked


def test_deletions_are_read_one_by_one() -> None:
    gone = {"business_connection_id": "b", "chat": {"id": 7}, "message_ids": [1, "x", 3]}
    parsed = parse_json(ADAPTER, {"update_id": 1, "deleted_business_messages": gone})
    assert [found.object_id for found in parsed.mentions] == ["b:7:1", "b:7:3"]
    [bad] = parsed.unreadable
    assert json.loads(bad.change)["deleted_business_messages"]["message_ids"] == ["x"]


@pytest.mark.parametrize("body", [[], "message", 5, {"message": message()}, {"update_id": None}])
def test_what_is_no_update_is_kept_aside(body: Any) -> None:
    assert len(parse_json(ADAPTER, body).unreadable) == 1


@pytest.mark.parametrize("number", [None, True, 1.5, "5/../6", {}, -1])
def test_a_message_without_a_number_is_kept_aside(number: Any) -> None:
    body = {"update_id": 1, "message": message(message_id=number)}
    assert len(parse_json(ADAPTER, body).unreadable) == 1


@pytest.mark.parametrize("registered", [(), accounts("telegram") * 2])
def test_a_connection_must_have_exactly_one_bot(registered: tuple[Account, ...]) -> None:
    with pytest.raises(NotUnderstoodError):
        parse_json(ADAPTER, {"update_id": 1}, registered=registered)


# --- Replies


def test_telegram_asks_no_challenge() -> None:
    query = {"crc_token": "a" * 20, "hub.mode": "subscribe", "hub.challenge": "1"}
    assert telegram.handshake(delivery("telegram", method="GET", query=query), SECRETS) is None


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        (mention(), {
            "chat_id": -100, "reply_parameters": {
                "message_id": 5, "allow_sending_without_reply": False}}),
        (mention(route={"topic": "12"}), {
            "chat_id": -100, "message_thread_id": 12, "reply_parameters": {
                "message_id": 5, "allow_sending_without_reply": False}}),
        (mention(object_id="a-B_1:77:5", kind="message", visibility="private"), {
            "chat_id": 77, "business_connection_id": "a-B_1", "reply_parameters": {
                "message_id": 5, "allow_sending_without_reply": True}}),
    ],
)  # fmt: skip
def test_a_reply_stands_where_the_message_stands(asked: Mention, sent: dict[str, Any]) -> None:
    call = telegram.build_reply(asked, Draft("Sorry ✈"), "key")
    assert (call.host, call.path, call.auth) == (
        "api.telegram.org",
        "/bot{token}/sendMessage",
        "path",
    )
    assert json.loads(call.body) == {"text": "Sorry ✈", **sent}


def test_a_private_reply_goes_to_the_author() -> None:
    call = telegram.build_reply(mention(), Draft("Hi", private=True), "key")
    assert json.loads(call.body) == {"chat_id": 77, "text": "Hi"}


@pytest.mark.parametrize(
    ("result", "reply_id"),
    [
        ({"message_id": 6, "chat": {"id": -100}}, "-100:6"),
        ({"message_id": 6, "chat": {"id": 7}, "business_connection_id": "b"}, "b:7:6"),
    ],
)
def test_a_receipt_names_the_message_as_an_update_would(result: Any, reply_id: str) -> None:
    answer = Response(200, {}, json.dumps({"ok": True, "result": result}).encode())
    assert telegram.read_receipt(answer, RECEIVED_AT) == Receipt(reply_id)


@pytest.mark.parametrize(
    ("status", "body", "error", "cause"),
    [
        (200, {}, DoubtfulError, None),
        (200, {"ok": False}, DoubtfulError, None),
        (500, {}, DoubtfulError, None),
        (502, {"parameters": {"retry_after": 5}}, DoubtfulError, None),
        (400, {}, ReplyRejectedError, "bad_request"),
        (400, {"parameters": {"migrate_to_chat_id": -5}}, ReplyRejectedError, "gone"),
        (401, {}, ReplyRejectedError, "token"),
        (404, {}, ReplyRejectedError, "token"),
        (403, {}, ReplyRejectedError, "blocked"),
        (413, {}, ReplyRejectedError, "too_long"),
    ],
)
def test_refusals(status: int, body: Any, error: type[OutboundError], cause: str | None) -> None:
    with pytest.raises(error) as caught:
        telegram.read_receipt(Response(status, {}, json.dumps(body).encode()), RECEIVED_AT)
    assert getattr(caught.value, "cause", None) == cause


@pytest.mark.parametrize(
    ("asked", "wait_s"), [(None, 60), ("x", 60), (0, 1), (35, 35), (999_999, 10_800)]
)
def test_waiting(asked: Any, wait_s: float) -> None:
    body = json.dumps({"ok": False, "parameters": {"retry_after": asked}}).encode()
    with pytest.raises(RateLimitedError) as caught:
        telegram.read_receipt(Response(429, {}, body), RECEIVED_AT)
    assert caught.value.retry_after_s == wait_s


def test_a_bot_cannot_look_up_what_it_sent() -> None:
    assert telegram.find_own_reply(mention()) is None


@pytest.mark.parametrize(("text", "length"), [("a", 1), ("é", 1), ("👋", 2), ("👨‍👩‍👧‍👦", 11)])
def test_text_length_counts_units_of_utf_16(text: str, length: int) -> None:
    assert telegram.text_length(text) == length


def test_connecting_leaves_the_secret_to_a_person() -> None:
    by_hand, hook = telegram.connect(accounts("telegram")[0], "https://heed.example/h")
    assert "/setprivacy" in by_hand.says
    assert hook.call is not None
    payload = json.loads(hook.call.body)
    assert (payload["url"], payload["secret_token"]) == ("https://heed.example/h", "SECRET_TOKEN")
    assert "business_message" in payload["allowed_updates"]
