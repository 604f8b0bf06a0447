from tests.infra.aws.templates import Template


def test_reply_has_one_mapping_per_lane(service: Template) -> None:
    mappings = service.mappings("reply")

    sources = sorted(service.plain(mapping["EventSourceArn"]) for mapping in mappings)
    assert sources == ["queue heed-prod-reply-telegram", "queue heed-prod-reply-x"]
    for mapping in mappings:
        assert mapping["BatchSize"] == 5
        assert mapping["ScalingConfig"] == {"MaximumConcurrency": 5}


def test_every_event_source_reports_single_failures(service: Template) -> None:
    mappings = service.all("AWS::Lambda::EventSourceMapping").values()

    assert mappings
    for mapping in mappings:
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
