from tests.infra.aws.templates import Template

ISSUER = "https://cognito-idp.${AWS::Region}.amazonaws.com/Heed-prod-Data:PublishOutputRefAgents"


def test_every_route_of_the_desk_wants_a_token(service: Template) -> None:
    (authorizer,) = service.all("AWS::ApiGatewayV2::Authorizer")
    routes = {
        route["RouteKey"]: route
        for route in service.all("AWS::ApiGatewayV2::Route").values()
        if "/hooks/" not in route["RouteKey"]
    }

    methods = ("GET", "POST", "PUT", "DELETE", "PATCH")
    assert routes.keys() == {f"{method} /v1/{{proxy+}}" for method in methods}
    for route in routes.values():
        assert route["AuthorizationType"] == "JWT"
        assert route["AuthorizerId"] == {"Ref": authorizer}


def test_a_token_must_be_for_the_agents_client(service: Template) -> None:
    token = service.one("AWS::ApiGatewayV2::Authorizer")["JwtConfiguration"]

    assert service.plain(token["Issuer"]).startswith(ISSUER)
    (audience,) = token["Audience"]
    assert service.plain(audience).startswith("Heed-prod-Data:PublishOutputRefAgentsClient")
