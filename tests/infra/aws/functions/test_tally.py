import json

from tests.fakes.streams import matches
from tests.infra.aws.templates import Template


def test_tally_reads_the_stream_in_large_batches_and_gives_nothing_up(service: Template) -> None:
    (mapping,) = service.mappings("tally")

    assert "StreamArn" in service.plain(mapping["EventSourceArn"])
    assert mapping["StartingPosition"] == "TRIM_HORIZON"
    assert (mapping["BatchSize"], mapping["MaximumBatchingWindowInSeconds"]) == (1000, 60)
    assert mapping["BisectBatchOnFunctionError"] is True
    assert mapping["MaximumRetryAttempts"] == 10_000
    assert mapping["MaximumRecordAgeInSeconds"] == 24 * 3600
    destination = mapping["DestinationConfig"]["OnFailure"]["Destination"]
    assert service.plain(destination) == "queue heed-prod-tally-dead"


def test_exactness_rests_on_named_shards_and_one_batch_of_each_at_a_time(
    service: Template,
) -> None:
    (mapping,) = service.mappings("tally")

    assert mapping["TumblingWindowInSeconds"] == 900
    assert "ParallelizationFactor" not in mapping
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_tally_wakes_for_mentions_that_are_there_and_for_visible_words_of_people(
    service: Template,
) -> None:
    (mapping,) = service.mappings("tally")
    patterns = [json.loads(one["Pattern"]) for one in mapping["FilterCriteria"]["Filters"]]

    def wakes(event: str, pk: str, **image: str) -> bool:
        new = {name: {"S": value} for name, value in image.items()}
        keys = {"pk": {"S": pk}, "sk": {"S": "-"}}
        record = {"eventName": event, "dynamodb": {"Keys": keys, "NewImage": new}}
        return any(matches(record, pattern) for pattern in patterns)

    assert wakes("INSERT", "mention#x", st="new")
    assert wakes("MODIFY", "mention#x", own="1")
    assert wakes("MODIFY", "conv#1", mi="x", st="sent")
    assert not wakes("REMOVE", "mention#x")
    assert not wakes("MODIFY", "conv#1", mi="x", st="planned")
    assert not wakes("MODIFY", "conv#1", cs="open")
    assert not wakes("MODIFY", "tally#acme")


def test_there_are_two_readers_of_the_stream_and_no_more(service: Template) -> None:
    words = service.function_ids().values()
    readers = [
        word
        for word in words
        for mapping in service.mappings(word)
        if "StreamArn" in service.plain(mapping["EventSourceArn"])
    ]

    assert sorted(readers) == ["tally", "triage"]
