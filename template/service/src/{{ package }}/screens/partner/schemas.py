"""What goes over the wire of webhooks."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Event = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.]{0,99}$")]
Wanted = Annotated[str, StringConstraints(pattern=r"^([a-z][a-z0-9_.]{0,99}|\*)$")]


class RegisterWebhook(BaseModel):
    model_config = ConfigDict(extra="forbid")

    url: str = Field(max_length=2000, examples=["https://partner.example.com/hooks"])
    events: list[Wanted] = Field(
        min_length=1, max_length=50, examples=[["order.cancelled"]], description="`*` is all."
    )


class WebhookOut(BaseModel):
    id: UUID
    url: str
    events: list[str]
    created_at: datetime


class SecretOut(BaseModel):
    id: UUID
    secret: str = Field(description="`whsec_…`, shown this once: it checks `webhook-signature`.")


class NewWebhookOut(WebhookOut, SecretOut):
    pass


class DeliveryOut(BaseModel):
    id: UUID = Field(description="The `webhook-id`, the same for every attempt.")
    event: str
    state: str = Field(description="`waiting`, `delivered` or `dead`.")
    attempts: int
    outcome: str = Field(description="Of the last attempt: a status, or what went wrong.")
    due_at: datetime = Field(description="When it is tried next, or was last.")
    created_at: datetime


class PublishEvent(BaseModel):
    """From a service of ours, to the webhooks of one partner."""

    model_config = ConfigDict(extra="forbid")

    partner: str = Field(min_length=1, max_length=255, pattern=r"^[!-~]+$", examples=["acme"])
    type: Event = Field(examples=["order.cancelled"])
    data: dict[str, Any] = Field(examples=[{"order_id": "7"}])


class PublishedOut(BaseModel):
    deliveries: int = Field(description="How many webhooks will get it.")
