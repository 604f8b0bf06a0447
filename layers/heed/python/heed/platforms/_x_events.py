"""The three envelopes that share X's webhook: what they carry and whose it is. Belongs to `x`.

Activity (`data.event_type`), Account Activity (`for_user_id`) and the filtered stream
(`matching_rules`) tell the same things; `_x_posts` reads what is in them.
Source: docs.x.com "Event payloads", "Account Activity API" and "Filtered stream webhooks",
2026-11-22; recorded bodies: zammad/zammad test/data/twitter."""

from collections.abc import Mapping

from heed.adapter import Delivery, Ignored, IgnoredReason, Json, Outcome, Revoked
from heed.payload import dig, listed, read_id, read_id_or_none
from heed.platforms._x_posts import MATCHED, read_deletion, read_message, read_post, renew_post

# The word before the first dot of an event's name, or the key of an older envelope.
_OTHERS: Mapping[str, IgnoredReason] = {
    "like": "reaction",
    "favorite_events": "reaction",
    "chat": "encrypted",
    "block": "not_a_mention",
    "broadcast": "not_a_mention",
    "dm": "not_a_mention",
    "follow": "not_a_mention",
    "mute": "not_a_mention",
    "news": "not_a_mention",
    "profile": "not_a_mention",
    "spaces": "not_a_mention",
    "block_events": "not_a_mention",
    "follow_events": "not_a_mention",
    "mute_events": "not_a_mention",
    "direct_message_indicate_typing_events": "not_a_mention",
    "direct_message_mark_read_events": "not_a_mention",
    "replay_job_status": "not_a_mention",
}


def split(body: Json) -> list[Json]:
    """Cut a delivery into deliveries of one change each."""
    if dig(body, "for_user_id") is not None:
        shared = {key: body[key] for key in ("for_user_id", "users") if key in body}
        kinds = [kind for kind in body if kind.endswith("_events")]
        items = ((kind, item) for kind in kinds for item in listed(body[kind]) or [body[kind]])
        return [{**shared, kind: [item]} for kind, item in items] or [body]
    if dig(body, "matching_rules") is not None:
        # Several rules of one account may match one post.
        tags = dict.fromkeys(str(dig(rule, "tag")) for rule in listed(body["matching_rules"]))
        return [{**body, "matching_rules": [{"tag": tag}]} for tag in tags] or [body]
    payload = dig(body, "data", "payload")
    messages = listed(dig(payload, "direct_message_events"))
    parts = ({**payload, "direct_message_events": [message]} for message in messages)
    return [{"data": {**body["data"], "payload": part}} for part in parts] or [body]


def read(delivery: Delivery, body: Json) -> Outcome:
    """Read one change. Raises: ValueError and its kin when it cannot be read."""
    if not isinstance(body, dict):
        raise TypeError("no JSON object")
    if "for_user_id" in body:
        return _read_older(delivery, body)
    if "matching_rules" in body:
        tag = dig(body, "matching_rules", 0, "tag")
        ours = next((a for a in delivery.accounts if tag in (a.id, a.handle or a.id)), None)
        post, includes = body["data"], dig(body, "includes")
        return read_post(ours, post, includes, MATCHED) if ours else Ignored("unknown_account")
    if "user_event" in body:
        return _revoked(delivery, dig(body, "user_event", "revoke", "source", "user_id"))
    if "data" in body:
        return _read_activity(delivery, body["data"])
    return Ignored(next((_OTHERS[key] for key in body if key in _OTHERS), "unknown_event"))


def _read_older(delivery: Delivery, body: Json) -> Outcome:
    account = delivery.account(read_id(body["for_user_id"]))
    kind = next((key for key in body if key.endswith("_events")), "")
    item = dig(body, kind, 0)
    if account is None:
        return Ignored("unknown_account")
    if kind == "tweet_create_events":
        return read_post(account, *renew_post(item), event="")
    if kind == "tweet_delete_events":
        return read_deletion(account, dig(item, "status", "id"), dig(item, "status", "user_id"))
    if kind == "direct_message_events":
        return read_message(account, item, dig(body, "users"))
    return Ignored(_OTHERS.get(kind, "unknown_event"))


def _read_activity(delivery: Delivery, data: Json) -> Outcome:
    event, payload = read_id(dig(data, "event_type")), dig(data, "payload")
    if event == "oauth.revoke":
        return _revoked(delivery, dig(payload, "user_id"))
    account = delivery.account(read_id_or_none(dig(data, "filter", "user_id")))
    if account is None:
        return Ignored("unknown_account")
    if event == "post.delete":
        return read_deletion(account, dig(payload, "id"), dig(payload, "author_id"))
    if event.startswith("post.") and event.endswith("create"):
        return read_post(account, payload, dig(data, "includes"), event)
    if event in {"dm.received", "dm.sent"}:
        return read_message(
            account, dig(payload, "direct_message_events", 0), dig(payload, "users")
        )
    return Ignored(_OTHERS.get(event.split(".")[0], "unknown_event"))


def _revoked(delivery: Delivery, user: Json) -> Outcome:
    account = delivery.account(read_id(user))
    return Revoked(account.id) if account else Ignored("unknown_account")
