import json

from tests.infra.aws.templates import Template


def test_triage_reads_the_stream_from_its_beginning_and_gives_nothing_up(
    service: Template,
) -> None:
    (mapping,) = service.mappings("triage")

    assert "StreamArn" in service.plain(mapping["EventSourceArn"])
    assert mapping["StartingPosition"] == "TRIM_HORIZON"
    assert mapping["BatchSize"] == 25
    assert mapping["ParallelizationFactor"] == 4
    assert mapping["BisectBatchOnFunctionError"] is True
    assert mapping["MaximumRetryAttempts"] == 5
    assert mapping["MaximumRecordAgeInSeconds"] == 24 * 3600
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    destination = mapping["DestinationConfig"]["OnFailure"]["Destination"]
    assert service.plain(destination) == "queue heed-prod-triage-dead"


def test_triage_wakes_only_for_records_that_carry_todo(service: Template) -> None:
    (mapping,) = service.mappings("triage")

    (one,) = mapping["FilterCriteria"]["Filters"]
    assert json.loads(one["Pattern"]) == {
        "dynamodb": {"NewImage": {"todo": {"S": [{"exists": True}]}}}
    }
