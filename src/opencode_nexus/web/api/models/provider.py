# SPDX-License-Identifier: MIT
"""What answers: models, keys of their providers, own model servers, the practice model."""

from pydantic import BaseModel, ConfigDict, Field

_MODELS = Field(min_length=1, description="What the server is asked for.")
_NAME = Field(min_length=1, max_length=100, description="As it shows in the list of models.")
_ADDRESS = Field(min_length=1, max_length=2000, description="Such as http://127.0.0.1:11434/v1.")


class Model(BaseModel):
    """A model that a message can be sent to."""

    id: str = Field(description="provider/model, as `model` of a message.")
    name: str
    provider: str = Field(description="The provider's name.")
    default: bool = Field(description="It answers when none is chosen.")
    variants: list[str] = Field(description="How it can be asked to think.")
    practice: bool = Field(description="It is the practice model, a script.")
    keyless: str = Field(description="The host that words go to, when nobody gave a key for it; else empty.")


class ProviderKey(BaseModel):
    """A key of a provider. OpenCode keeps it; the hub passes it on."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    key: str = Field(min_length=1, max_length=10_000)


class OwnServer(BaseModel):
    """An OpenAI-compatible address that was added."""

    id: str
    name: str
    address: str
    models: list[str]


class NewOwnServer(BaseModel):
    """An OpenAI-compatible address."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: str = _NAME
    address: str = _ADDRESS
    models: list[str] = _MODELS
    key: str = Field("", max_length=10_000, description="Most local servers need none. Empty at a change: as it is.")


class Practice(BaseModel):
    """The practice model: a script that plays a model."""

    on: bool
    problem: str = ""


class PracticeSwitch(BaseModel):
    """On or off."""

    model_config = ConfigDict(extra="forbid")

    on: bool
