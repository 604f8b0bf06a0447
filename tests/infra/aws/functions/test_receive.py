from tests.infra.aws.templates import Template


def test_platforms_reach_receive_without_a_token(service: Template) -> None:
    routes = {
        route["RouteKey"]: route
        for route in service.all("AWS::ApiGatewayV2::Route").values()
        if "/hooks/" in route["RouteKey"]
    }

    assert routes.keys() == {
        "GET /hooks/{platform}/{connection}",
        "POST /hooks/{platform}/{connection}",
    }
    for route in routes.values():
        assert route["AuthorizationType"] == "NONE"
        assert "AuthorizerId" not in route
        assert route["ApiId"]["Ref"].startswith("Hooks")


def test_hooks_lead_to_receive(service: Template) -> None:
    words = service.function_ids()
    for route in service.all("AWS::ApiGatewayV2::Route").values():
        _, (_, integration) = route["Target"]["Fn::Join"]
        target = service.all("AWS::ApiGatewayV2::Integration")[integration["Ref"]]

        word = words[target["IntegrationUri"]["Fn::GetAtt"][0]]
        assert word == ("receive" if "/hooks/" in route["RouteKey"] else "desk")
        assert target["PayloadFormatVersion"] == "2.0"
