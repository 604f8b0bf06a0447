from tests.infra.aws.templates import Template


def test_sweep_runs_every_minute(service: Template) -> None:
    rule = service.rule("sweep")

    (target,) = rule["Targets"]
    assert rule["ScheduleExpression"] == "rate(1 minute)"
    assert service.function_ids()[target["Arn"]["Fn::GetAtt"][0]] == "sweep"


def test_a_sweep_that_failed_or_never_started_lies_in_a_queue(service: Template) -> None:
    (target,) = service.rule("sweep")["Targets"]
    invoke = service.failures("sweep")

    assert service.plain(target["DeadLetterConfig"]["Arn"]) == "queue heed-prod-sweep-dead"
    assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": 300, "MaximumRetryAttempts": 1}
    destination = invoke["DestinationConfig"]["OnFailure"]["Destination"]
    assert service.plain(destination) == "queue heed-prod-sweep-dead"
    assert service.function_ids()[invoke["FunctionName"]["Ref"]] == "sweep"
    assert (invoke["MaximumRetryAttempts"], invoke["MaximumEventAgeInSeconds"]) == (1, 300)
