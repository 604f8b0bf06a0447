"""Every error that Heed raises on purpose. No other module defines an error class.

HeedError
├── SetupError                  a person must mend a file, a setting or a secret
│   ├── BrandFileError
│   ├── SettingsError
│   └── SecretMissingError
├── RefusedError                a caller is turned away before or by verification (4xx)
│   ├── SignatureError
│   ├── StaleDeliveryError
│   ├── UnknownConnectionError
│   ├── MethodError
│   ├── CompressedError
│   └── TooLargeError
├── NotUnderstoodError          verified, but the adapter cannot read it (200 and quarantine)
├── ConflictError               expected races, handled by the flows
│   ├── LeaseLostError
│   ├── TransitionError
│   ├── StaleEpochError
│   └── NewMentionError
├── DeskError                   what an agent asked for cannot be done
│   ├── NotFoundError
│   ├── ForbiddenError
│   └── InvalidRequestError
└── OutboundError               what became of a call to a platform
    ├── NotSentError            no byte left, or the platform says that it did nothing (retry)
    │   └── RateLimitedError
    ├── DoubtfulError           it may have been posted: look before anything else
    └── ReplyRejectedError      final: the platform will not post it
"""


class HeedError(Exception):
    """Root of the tree. `retryable` decides what a queue consumer reports."""

    retryable = False


class SetupError(HeedError):
    """A person must mend a file, a setting or a secret."""


class BrandFileError(SetupError):
    """The brand file or a replies file cannot be used; the text says where and why."""


class SettingsError(SetupError):
    """A function's environment lacks a name or holds one that its settings do not know."""


class SecretMissingError(SetupError):
    """A secret does not exist or has no usable value. Callers fail closed."""


class RefusedError(HeedError):
    """A caller is turned away; `status` is the HTTP status to answer with."""

    status = 400


class SignatureError(RefusedError):
    """A delivery whose signature or secret header does not prove who sent it."""

    status = 401


class StaleDeliveryError(RefusedError):
    """A correctly signed delivery outside the scheme's time window."""

    status = 401


class UnknownConnectionError(RefusedError):
    """A path that names no adapter or no registered connection."""

    status = 404


class MethodError(RefusedError):
    """A method that no platform uses on the address of its webhook."""

    status = 405


class CompressedError(RefusedError):
    """A compressed body: what nobody can read, nobody can mask."""

    status = 415


class TooLargeError(RefusedError):
    """A body above the adapter's limit."""

    status = 413


class NotUnderstoodError(HeedError):
    """Verified, but not readable as what it claims to be; goes to quarantine."""


class ConflictError(HeedError):
    """A race that somebody else won. Expected; not logged as an error."""


class LeaseLostError(ConflictError):
    """The epoch under which a worker wrote is no longer the current one."""


class TransitionError(ConflictError):
    """The state does not allow this step."""


class StaleEpochError(ConflictError):
    """An agent wrote under an epoch that ended; `epoch` is the current one."""

    def __init__(self, message: str, epoch: int) -> None:
        super().__init__(message)
        self.epoch = epoch


class NewMentionError(ConflictError):
    """The customer wrote again and the agent has not seen it; `unseen` names the mentions."""

    def __init__(self, message: str, unseen: tuple[str, ...]) -> None:
        super().__init__(message)
        self.unseen = unseen


class DeskError(HeedError):
    """What an agent asked for cannot be done; the text says what to do."""


class NotFoundError(DeskError):
    """No such thing, or not one that this agent may see."""


class ForbiddenError(DeskError):
    """The agent has no brand, or not the right one."""


class InvalidRequestError(DeskError):
    """The request is understood and refused; `clause` names the rule."""

    def __init__(self, message: str, clause: str = "invalid") -> None:
        super().__init__(message)
        self.clause = clause


class OutboundError(HeedError):
    """What became of a call to a platform, when it was not accepted."""


class NotSentError(OutboundError):
    """Nothing was posted: no byte left, or the platform says so. May be tried again."""

    retryable = True


class RateLimitedError(NotSentError):
    """The platform asks to wait `retry_after_s` seconds."""

    def __init__(self, message: str, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class DoubtfulError(OutboundError):
    """A timeout or a server error: the reply may be visible. Never sent again unseen."""


class ReplyRejectedError(OutboundError):
    """Final. `cause` is our word for it: gone, blocked, not_summoned, duplicate, token, ..."""

    def __init__(self, message: str, cause: str) -> None:
        super().__init__(message)
        self.cause = cause
