"""Reply lanes, work queues and the dead-letter queues behind them, all with ids only inside."""

from dataclasses import dataclass

from aws_cdk import Aws, Duration, Fn
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.aws.deployment import BANDS, Band, Deployment

REPLY_TIMEOUT_S = 60
"""The hard timeout of reply; a lane's visibility and the lease of a send follow from it."""

DESK_TIMEOUT_S = 29
"""API Gateway gives up after 30 s; a bell stays hidden a little longer than desk can run."""

# Source: AWS Lambda, "Using Lambda with Amazon SQS": six times the function's timeout.
_LANE_VISIBILITY = Duration.seconds(6 * REPLY_TIMEOUT_S)
_LANE_RECEIVES_MAX = 5
_WORK_VISIBILITY = Duration.seconds(30)
# The most that SQS allows. Agents poll, so a bell may well be received without being used up; what
# still arrives here is one that desk cannot digest.
_WORK_RECEIVES_MAX = 1000
_RETENTION = Duration.days(14)


@dataclass(frozen=True, slots=True)
class Queues:
    """Lanes by platform and work queues by brand and band. Dead letters are kept by kind, not by
    queue: a message names its platform or case, SQS remembers where to move it back, and an alarm
    may watch ten metrics at most."""

    lanes: dict[str, sqs.Queue]
    work: dict[tuple[str, Band], sqs.Queue]
    reply_dead: sqs.Queue
    work_dead: sqs.Queue
    triage_dead: sqs.Queue
    sweep_dead: sqs.Queue
    tally_dead: sqs.Queue
    poll_dead: sqs.Queue

    @property
    def handed_over(self) -> tuple[sqs.Queue, ...]:
        """Where bells are rung: every lane and every work queue."""
        return (*self.lanes.values(), *self.work.values())

    @property
    def dead(self) -> tuple[sqs.Queue, ...]:
        """Every dead-letter queue."""
        return (
            *(self.reply_dead, self.work_dead, self.triage_dead),
            *(self.sweep_dead, self.tally_dead, self.poll_dead),
        )


def add_queues(scope: Construct, deployment: Deployment) -> Queues:
    """Add every queue of the deployment."""
    dead = {
        kind: _queue(scope, deployment, name=f"{kind}-dead")
        for kind in ("reply", "work", "triage", "sweep", "tally", "poll")
    }
    to_reply_dead = sqs.DeadLetterQueue(queue=dead["reply"], max_receive_count=_LANE_RECEIVES_MAX)
    to_work_dead = sqs.DeadLetterQueue(queue=dead["work"], max_receive_count=_WORK_RECEIVES_MAX)
    return Queues(
        lanes={
            platform: _queue(
                scope,
                deployment,
                name=f"reply-{platform}",
                visibility=_LANE_VISIBILITY,
                dead=to_reply_dead,
            )
            for platform in deployment.platforms
        },
        work={
            (brand, band): _queue(
                scope,
                deployment,
                name=f"work-{brand}-{band}",
                visibility=_WORK_VISIBILITY,
                dead=to_work_dead,
            )
            for brand in deployment.brands
            for band in BANDS
        },
        reply_dead=dead["reply"],
        work_dead=dead["work"],
        triage_dead=dead["triage"],
        sweep_dead=dead["sweep"],
        tally_dead=dead["tally"],
        poll_dead=dead["poll"],
    )


def queue_base(deployment: Deployment) -> str:
    """Return what a queue's short name is appended to; the result is the queue's URL."""
    host = Fn.join(".", ["sqs", Aws.REGION, Aws.URL_SUFFIX])
    return Fn.join("/", ["https:/", host, Aws.ACCOUNT_ID, deployment.name_prefix])


def _queue(
    scope: Construct,
    deployment: Deployment,
    *,
    name: str,
    visibility: Duration | None = None,
    dead: sqs.DeadLetterQueue | None = None,
) -> sqs.Queue:
    return sqs.Queue(
        scope,
        name,
        queue_name=deployment.name_prefix + name,
        retention_period=_RETENTION,
        visibility_timeout=visibility,
        dead_letter_queue=dead,
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
    )
