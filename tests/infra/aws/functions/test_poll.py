from tests.infra.aws.templates import Template


def test_poll_runs_every_five_minutes(service: Template) -> None:
    rule = service.rule("poll")

    assert rule["ScheduleExpression"] == "rate(5 minutes)"
    assert len(rule["Targets"]) == 1


def test_poll_runs_every_minute_in_the_embedded_run(local_service: Template) -> None:
    assert local_service.rule("poll")["ScheduleExpression"] == "rate(1 minute)"


def test_a_run_that_failed_or_never_started_lies_in_a_queue(service: Template) -> None:
    (target,) = service.rule("poll")["Targets"]
    invoke = service.failures("poll")

    assert service.plain(target["DeadLetterConfig"]["Arn"]) == "queue heed-prod-poll-dead"
    assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": 300, "MaximumRetryAttempts": 0}
    destination = invoke["DestinationConfig"]["OnFailure"]["Destination"]
    assert service.plain(destination) == "queue heed-prod-poll-dead"
    assert (invoke["MaximumRetryAttempts"], invoke["MaximumEventAgeInSeconds"]) == (0, 300)


def test_a_run_ends_before_the_one_after_the_next_begins(service: Template) -> None:
    assert service.functions()["poll"]["Timeout"] < 2 * 300
