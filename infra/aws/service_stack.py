"""Everything that may be thrown away and deployed again: queues, functions, APIs and alarms."""

from aws_cdk import Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.aws.alarms import Alarms
from infra.aws.data_stack import DataStack
from infra.aws.deployment import Deployment
from infra.aws.function_factory import FunctionFactory
from infra.aws.functions.desk import add_desk
from infra.aws.functions.poll import add_poll
from infra.aws.functions.receive import Receive, add_receive
from infra.aws.functions.reply import add_reply
from infra.aws.functions.sweep import add_sweep
from infra.aws.functions.tally import add_tally
from infra.aws.functions.triage import add_triage
from infra.aws.grants import Grants
from infra.aws.outputs import add_page_output, add_service_outputs
from infra.aws.parts import Parts
from infra.aws.queues import add_queues


class ServiceStack(Stack):
    """The moving parts, over the data stack."""

    def __init__(self, scope: Construct, *, deployment: Deployment, data: DataStack) -> None:
        super().__init__(
            scope,
            f"Heed-{deployment.stage}-Service",
            description="Heed: queues, functions, APIs and alarms. Holds nothing that may not go.",
        )
        parts = Parts(
            stack=self,
            deployment=deployment,
            table=data.table,
            agents=data.agents,
            queues=add_queues(self, deployment),
            pages=sns.Topic(
                self, "Pages", topic_name=f"{deployment.name_prefix}pages", enforce_ssl=True
            ),
            factory=FunctionFactory(self, deployment),
            grants=Grants(self, deployment),
        )
        receive = add_receive(parts)
        triage = add_triage(parts)
        add_reply(parts)
        desk = add_desk(parts)
        add_sweep(parts)
        tally = add_tally(parts)
        add_poll(parts)
        _add_alarms(parts, receive=receive, triage=triage, tally=tally)
        add_service_outputs(self, deployment, hooks=receive.api, desk=desk)
        add_page_output(self, parts.pages)


def _add_alarms(
    parts: Parts, *, receive: Receive, triage: lambda_.Function, tally: lambda_.Function
) -> None:
    queues = parts.queues
    alarms = Alarms(parts.stack, parts.pages)
    alarms.dead_letters(queues.dead)
    alarms.stream_delay(triage.metric("IteratorAge", statistic=cloudwatch.Stats.MAXIMUM))
    alarms.count_delay(tally.metric("IteratorAge", statistic=cloudwatch.Stats.MAXIMUM))
    alarms.failed_deliveries(receive.api.metric_server_error(statistic=cloudwatch.Stats.SUM))
    alarms.oldest_urgent([queue for (_, band), queue in queues.work.items() if band == "urgent"])
    alarms.missed_mentions()
    alarms.overdue_rereading()
