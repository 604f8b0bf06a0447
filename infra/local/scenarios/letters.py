"""What customers and colleagues write below a Page's posts, as Facebook tells of it.

The fields are those of the samples under events/facebook."""

import json
from dataclasses import dataclass, replace
from typing import Any

from heed.domain.mention import MentionId, mention_id

PLATFORM = "facebook"


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment. `number` tells it from all others of this scenario; `parent`: the comment that
    it answers, else it stands below the post."""

    page: str
    post: int
    number: int
    text: str
    at_ms: int
    author: str
    author_name: str = "Kim Vale"
    parent: str = ""

    @property
    def object_id(self) -> str:
        """The id that Facebook gives it."""
        return f"{self.post}_{self.number}"

    @property
    def id(self) -> MentionId:
        """The key under which Heed stores it."""
        return mention_id(PLATFORM, self.page, "comment", self.object_id)

    def answered(self, text: str, at_ms: int) -> "Comment":
        """Write what the Page itself answers in Facebook's own app."""
        return replace(
            self,
            number=self.number + 1,
            text=text,
            at_ms=at_ms,
            author=self.page,
            author_name="Acme Air",
            parent=self.object_id,
        )

    def change(self, verb: str = "add") -> dict[str, Any]:
        """Build the change that tells of it: add, edited or remove."""
        post_id = f"{self.page}_{self.post}"
        value: dict[str, Any] = {
            "item": "comment",
            "verb": verb,
            "from": {"id": self.author, "name": self.author_name},
            "post_id": post_id,
            "comment_id": self.object_id,
            "parent_id": self.parent or post_id,
        }
        if verb != "remove":
            value |= {"created_time": self.at_ms // 1000, "message": self.text}
        return {"field": "feed", "value": value}


def delivery(page: str, at_ms: int, *changes: dict[str, Any]) -> bytes:
    """Put changes into one delivery, told at an instant."""
    entry = {"id": page, "time": at_ms // 1000, "changes": list(changes)}
    return json.dumps({"object": "page", "entry": [entry]}, separators=(",", ":")).encode()
