"""`/-/simulators`: whoever notification calls, played on this machine, and told by tests what to do."""

from fastapi import APIRouter, FastAPI
from pydantic import BaseModel, ConfigDict, Field

from deploy.simulators.arrivals import Kind
from deploy.simulators.plans import Planned
from deploy.simulators.playing import PREFIX, Simulators
from deploy.simulators.receivers import create_receivers_router
from deploy.simulators.telephones import create_telephones_router
from shared.problems import ProblemApp


class PlanBody(BaseModel):
    """What the next calls of a channel get: those to one recipient, or any."""

    model_config = ConfigDict(extra="forbid")

    channel: Kind
    to: str | None = None
    answers: tuple[Planned, ...] = Field(min_length=1, max_length=100)


def create_simulators_router(simulators: Simulators) -> APIRouter:
    router = APIRouter(prefix=PREFIX)
    router.include_router(create_telephones_router(simulators))
    router.include_router(create_receivers_router(simulators))

    @router.post("/plans", status_code=204)
    async def plan(body: PlanBody) -> None:
        simulators.plans.add(body.channel, *body.answers, to=body.to)

    @router.delete("/plans", status_code=204)
    async def forget_plans() -> None:
        simulators.plans.clear()

    return router


def create_simulators_app(simulators: Simulators) -> FastAPI:
    """The simulators alone, for tests."""
    app = ProblemApp(title="Simulators", openapi_url=None)
    app.include_router(create_simulators_router(simulators))
    return app
