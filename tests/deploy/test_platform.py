import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import httpx2
import pytest
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse

from deploy.lifespans import ServiceNotStarted
from deploy.mail.mailbox import Mailbox
from deploy.platform import Platform, Sinks, create_platform
from deploy.simulators.arrivals import Arrivals
from deploy.simulators.playing import Simulators
from deploy.simulators.receipts import Receipts
from shared.docs import create_docs_router
from shared.problems import ProblemApp


async def test_given_two_services_when_a_path_is_asked_for_then_its_service_answers() -> None:
    platform = create_platform({"intake": a_service("intake"), "reporting": a_service("reporting")})

    async with client_of(platform) as client:
        options = await client.get("/v1/complaints/options")
        statistics = await client.get("/v1/statistics", params={"by": "region"})

    assert options.json() == {"service": "intake", "path": "/v1/complaints/options", "query": ""}
    assert statistics.json() == {"service": "reporting", "path": "/v1/statistics", "query": "by=region"}


async def test_given_a_service_when_its_own_paths_are_asked_for_then_it_answers_as_if_alone() -> None:
    platform = create_platform({"intake": a_service("intake"), "reporting": a_service("reporting")})

    async with client_of(platform) as client:
        metrics = await client.get("/-/reporting/metrics")
        asyncapi = await client.get("/-/intake/asyncapi")
        openapi = await client.get("/-/intake/openapi.json")

    assert metrics.text == "metrics of reporting"
    assert asyncapi.json()["path"] == "/asyncapi"
    assert openapi.json()["info"]["title"] == "intake"


async def test_given_reporting_when_a_path_of_nobody_else_is_asked_for_then_it_answers() -> None:
    reporting = a_service("reporting")
    reporting.add_api_route("/", lambda: PlainTextResponse("residents' page"))
    platform = create_platform({"intake": a_service("intake"), "reporting": reporting})

    async with client_of(platform) as client:
        residents, operator = await client.get("/"), await client.get("/-/")

    assert residents.text == "residents' page"
    assert "Semua layanan siap" in operator.text
    assert 'href="/"' in operator.text


async def test_given_open311_when_one_path_is_read_and_posted_to_then_each_service_gets_its_own() -> None:
    services = {"intake": a_service("intake"), "reporting": a_service("reporting")}
    for name, service in services.items():
        told = PlainTextResponse(name)
        service.add_api_route("/open311/v2/{_:path}", partial(_same, told), methods=["GET", "POST"])

    async with client_of(create_platform(services)) as client:
        read, sent = await client.get("/open311/v2/requests.json"), await client.post("/open311/v2/requests.json")
        token, update = await client.get("/open311/v2/tokens/1.xml"), await client.get("/open311/v2/requests/1.xml")

    assert [answer.text for answer in (read, sent, token, update)] == ["reporting", "intake", "intake", "reporting"]


@pytest.mark.parametrize(
    "path", ["/nothing", "/-/intake/v1/complaints", "/-/unknown/readyz", "/v1/desk", "/openapi.json"]
)
async def test_given_a_path_of_nobody_when_asked_for_then_the_answer_is_a_problem(path: str) -> None:
    platform = create_platform({"intake": a_service("intake")})

    async with client_of(platform) as client:
        answer = await client.get(path)

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_given_well_services_when_health_is_asked_for_then_all_is_well() -> None:
    platform = create_platform({"intake": a_service("intake"), "reporting": a_service("reporting")})

    async with client_of(platform) as client:
        ready, alive = await client.get("/readyz"), await client.get("/livez")

    assert (ready.status_code, ready.json()) == (200, {"status": "ok"})
    assert (alive.status_code, alive.json()) == (200, {"status": "ok"})


async def test_given_one_unwell_service_when_readiness_is_asked_for_then_its_reasons_are_told() -> None:
    unwell = a_service("reporting", reasons={"consumer": "has no partitions yet"})
    platform = create_platform({"intake": a_service("intake"), "reporting": unwell})

    async with client_of(platform) as client:
        answer = await client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["reasons"] == {"reporting": {"consumer": "has no partitions yet"}}


async def test_given_services_when_they_run_then_routing_starts_first_and_all_end() -> None:
    happened: list[str] = []
    names = ("intake", "routing", "reporting")
    platform = create_platform({name: a_service(name, happened=happened) for name in names})

    async with platform.running():
        begun = list(happened)

    assert begun[0] == "routing begins"
    assert sorted(begun[1:]) == ["intake begins", "reporting begins"]
    assert sorted(happened[3:]) == ["intake ends", "reporting ends", "routing ends"]


async def test_given_a_service_that_cannot_start_when_all_start_then_it_is_named_and_the_others_end() -> None:
    happened: list[str] = []
    broken = a_service("reporting", happened=happened, fault=RuntimeError("no database"))
    platform = create_platform({"routing": a_service("routing", happened=happened), "reporting": broken})

    with pytest.raises(ServiceNotStarted, match="reporting could not start: RuntimeError: no database"):
        async with platform.running():
            pass

    assert happened == ["routing begins", "routing ends"]


async def test_given_the_platform_when_run_by_any_asgi_server_then_its_lifespan_is_that_of_the_services() -> None:
    happened: list[str] = []
    platform = create_platform({"routing": a_service("routing", happened=happened)})
    said: list[str] = []
    asked = iter(["lifespan.startup", "lifespan.shutdown"])

    async def receive() -> dict[str, str]:
        return {"type": next(asked)}

    async def send(message: dict[str, str]) -> None:
        said.append(message["type"])

    await platform({"type": "lifespan", "asgi": {"version": "3.0"}}, receive, send)  # type: ignore[arg-type]

    assert said == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert happened == ["routing begins", "routing ends"]


async def test_given_the_pages_when_read_then_nothing_is_fetched_from_elsewhere(tmp_path: Path) -> None:
    platform = create_platform({"intake": a_service("intake")}, sinks_in(tmp_path))

    async with client_of(platform) as client:
        pages = [await client.get(path) for path in ("/-/", "/docs", "/-/mail", "/-/messages")]

    for page in pages:
        assert page.status_code == 200
        assert page.headers["content-security-policy"].startswith("default-src 'none'")
        assert not re.findall(r'(?:src|href)="(?!/|#)', page.text)
        assert "<style" not in page.text
        assert not re.findall(r"<script(?! src=)", page.text)


async def test_given_the_start_page_when_a_service_is_unwell_then_it_says_so_in_both_languages() -> None:
    platform = create_platform({"intake": a_service("intake", reasons={"directory": "<empty>"})})

    async with client_of(platform) as client:
        page = (await client.get("/-/")).text

    assert "Belum semua layanan siap" in page
    assert "Not all services are ready" in page
    assert "directory: &lt;empty&gt;" in page
    assert page.index('lang="id"') < page.index('<section lang="en"')


async def test_given_a_service_with_pages_when_the_start_page_is_read_then_they_are_linked() -> None:
    service = a_service("intake")
    router = APIRouter(prefix="/lapor")
    router.add_api_route("", lambda: PlainTextResponse("form"))
    router.add_api_route("/loket", lambda: PlainTextResponse("the counter's form"))
    service.include_router(router)
    platform = create_platform({"intake": service})

    async with client_of(platform) as client:
        page = (await client.get("/-/")).text

    assert 'href="/lapor"' in page
    assert 'href="/lapor/loket"' in page
    assert 'href="/lacak"' not in page


async def test_given_a_services_docs_when_they_are_read_below_its_name_then_nothing_is_fetched_from_elsewhere() -> None:
    service = ProblemApp(docs_url=None)
    service.include_router(create_docs_router("intake"))
    platform = create_platform({"intake": service})

    async with client_of(platform) as client:
        page = await client.get("/-/intake/docs")
        loaded = [
            await client.get(f"/-/intake/{path}") for path in re.findall(r'(?:src|href)="(docs/[^"]+)"', page.text)
        ]
        other = await client.get("/-/intake/docs/index.html")

    assert "default-src 'none'; script-src 'self'" in page.headers["content-security-policy"]
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page.text)
    assert [answer.status_code for answer in loaded] == [200, 200, 200]
    assert "SwaggerUIBundle" in loaded[1].text
    assert other.status_code == 404


async def _same(answer: PlainTextResponse) -> PlainTextResponse:
    return answer


def a_service(
    name: str,
    *,
    reasons: dict[str, str] | None = None,
    happened: list[str] | None = None,
    fault: Exception | None = None,
) -> FastAPI:
    """Answers every path with what it was asked; unwell for the reasons; cannot start because of the fault."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        if fault is not None:
            raise fault
        if happened is not None:
            happened.append(f"{name} begins")
        yield
        if happened is not None:
            happened.append(f"{name} ends")

    app = FastAPI(title=name, lifespan=lifespan)
    app.include_router(routes_of(name, reasons))
    return app


def routes_of(name: str, reasons: dict[str, str] | None) -> APIRouter:
    router = APIRouter()

    @router.get("/readyz")
    @router.get("/livez")
    async def health() -> JSONResponse:
        return JSONResponse({"reasons": reasons}, 503) if reasons else JSONResponse({"status": "ok"})

    @router.get("/metrics")
    async def metrics() -> PlainTextResponse:
        return PlainTextResponse(f"metrics of {name}")

    @router.get("/v1/complaints/options")
    @router.get("/v1/statistics")
    @router.get("/asyncapi")
    async def anything(request: Request) -> JSONResponse:
        return JSONResponse({"service": name, "path": request.url.path, "query": request.url.query})

    return router


def sinks_in(folder: Path) -> Sinks:
    return Sinks(Mailbox(folder / "mail"), Simulators(Arrivals(folder / "messages"), Receipts({})))


def client_of(platform: Platform) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(platform), base_url="http://platform")
