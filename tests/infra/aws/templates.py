"""Reading synthesised templates as plain text, so that a test can say what it expects."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Resource = dict[str, Any]

ACCOUNT_ARN = "${AWS::Region}:${AWS::AccountId}"

# What names a resource in an expectation, by its type; others keep their logical id.
_NAMES = {
    "AWS::SQS::Queue": ("queue", "QueueName"),
    "AWS::SNS::Topic": ("topic", "TopicName"),
}


@dataclass(frozen=True, slots=True)
class Template:
    """One stack's template. `assets` is the folder of the assembly."""

    assets: Path
    body: dict[str, Any]

    @classmethod
    def read(cls, assembly: Path, stack: str) -> "Template":
        text = (assembly / f"{stack}.template.json").read_text(encoding="utf-8")
        return cls(assembly, json.loads(text))

    def all(self, kind: str) -> dict[str, Resource]:
        """Properties of every resource of a type, by logical id."""
        return {
            name: resource["Properties"]
            for name, resource in self.body["Resources"].items()
            if resource["Type"] == kind
        }

    def one(self, kind: str) -> Resource:
        """The properties of the only resource of a type."""
        (properties,) = self.all(kind).values()
        return properties

    def functions(self) -> dict[str, Resource]:
        """Functions by their word."""
        found = self.all("AWS::Lambda::Function").values()
        return {f["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]: f for f in found}

    def function_ids(self) -> dict[str, str]:
        """Words of the functions by logical id."""
        found = self.all("AWS::Lambda::Function").items()
        return {n: f["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"] for n, f in found}

    def mappings(self, word: str) -> list[Resource]:
        """Event source mappings of a function."""
        words = self.function_ids()
        found = self.all("AWS::Lambda::EventSourceMapping").values()
        return [mapping for mapping in found if words[mapping["FunctionName"]["Ref"]] == word]

    def rule(self, word: str) -> Resource:
        """The timer of a function."""
        words, rules = self.function_ids(), self.all("AWS::Events::Rule").values()
        targets = (words[rule["Targets"][0]["Arn"]["Fn::GetAtt"][0]] for rule in rules)
        return dict(zip(targets, rules, strict=True))[word]

    def failures(self, word: str) -> Resource:
        """What becomes of failed invocations of a function that nobody waits for."""
        words, configs = self.function_ids(), self.all("AWS::Lambda::EventInvokeConfig").values()
        return {words[config["FunctionName"]["Ref"]]: config for config in configs}[word]

    def statements(self, word: str) -> list[Resource]:
        """What a function's role allows."""
        role = self.all("AWS::IAM::Role")[self.functions()[word]["Role"]["Fn::GetAtt"][0]]
        return [
            statement
            for policy in role["Policies"]
            for statement in policy["PolicyDocument"]["Statement"]
        ]

    def asset_files(self, code: Resource) -> set[str]:
        """Files of the asset behind a Code or Content property."""
        folder = self.assets / f"asset.{code['S3Key'].removesuffix('.zip')}"
        return {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}

    def plain(self, value: Any) -> str:
        """Write a value with its intrinsic functions as one line of text."""
        if not isinstance(value, dict):
            return str(value)
        (function, argument), *more = value.items()
        assert not more, f"not an intrinsic function: {value}"
        if function == "Fn::Join":
            separator, parts = argument
            return str(separator).join(self.plain(part) for part in parts)
        if function == "Fn::GetStackOutput":
            return f"{argument['StackName']}:{_bare(argument['OutputName'])}"
        name = argument if function == "Ref" else argument[0]
        return self._named(name, "" if function == "Ref" else argument[1])

    def _named(self, name: str, attribute: str) -> str:
        resource = self.body["Resources"].get(name, {"Type": ""})
        if resource["Type"] in _NAMES:
            kind, property_name = _NAMES[resource["Type"]]
            return f"{kind} {resource['Properties'][property_name]}"
        return f"${{{name}.{attribute}}}" if attribute else f"${{{name}}}"


def as_list(value: Any) -> list[Any]:
    """A policy may hold one thing or a list of them."""
    return value if isinstance(value, list) else [value]


def _bare(output: str) -> str:
    """Drop the hash that CDK appends to an output of its own."""
    return output[:-8]
