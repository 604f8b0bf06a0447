from tests.infra.aws.templates import Template


def test_platforms_and_agents_have_an_api_each(service: Template) -> None:
    apis = service.all("AWS::ApiGatewayV2::Api").values()

    assert sorted(api["Name"] for api in apis) == ["heed-prod-desk", "heed-prod-hooks"]
    for api in apis:
        assert "CorsConfiguration" not in api


def test_stages_are_throttled_and_write_no_access_log(service: Template) -> None:
    stages = service.all("AWS::ApiGatewayV2::Stage").values()

    assert len(stages) == 2
    for stage in stages:
        assert stage["StageName"] == "$default"
        assert stage["DefaultRouteSettings"] == {
            "ThrottlingBurstLimit": 1000,
            "ThrottlingRateLimit": 500,
        }
        assert "AccessLogSettings" not in stage
