"""Whatever is sent to intake, as its own OpenAPI says it may be or otherwise: never a 5xx, and always as documented."""

from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode

from services.intake.api import Intake, Options, create_router
from services.intake.follow_ups import FollowUps, create_follow_up_router
from services.intake.open311 import Open311, create_open311_router
from services.intake.photos import Photos, create_photo_router
from services.intake.settings import Settings
from services.intake.suggestions import Suggestions, create_suggestion_router
from services.intake.uploads import Uploads, create_upload_router
from shared.ids import subject_code, tracking_code
from shared.oidc import SignIn
from shared.open311 import PREFIX, Open311Faults
from shared.problems import MEDIA_TYPE, ProblemApp
from shared.tracking import CodeCheck
from tests.intake.gates import AS_CLERK, SETTINGS, a_directory, the_places
from tests.intake.posting import DESK_SECRET, OFFICER
from tests.shared.fakes import FakePublisher

pytestmark = pytest.mark.integration
TICKET = "NTB-C833-HX1X-7X7V-TM"
KEYS = {"1": b"dev-tracking"}
CODES = [tracking_code(KEYS, "1", TICKET), subject_code(KEYS, "1", TICKET)]
API_KEY = AS_CLERK["Authorization"].removeprefix("Bearer ")
OPEN311 = ("text/xml", "application/json")
"""What Open311 tells of faults in."""
_JUDGED = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)


def an_app() -> FastAPI:
    """All of intake's routes, with a broker that takes everything."""
    told = {"limits": {"enabled": False}, "oidc": {"development_secret": DESK_SECRET}, "blobs": {"url": "memory:///"}}
    read, publisher, directory = Settings.model_validate(SETTINGS | told), FakePublisher(), a_directory()
    photos, suggestions = Photos(read), Suggestions(directory)
    uploads = Uploads(read, photos, the_places().region_at, directory.regions)
    intake = Intake(read, directory, the_places(), publisher, uploads)  # type: ignore[arg-type]
    follow_ups = FollowUps(read, publisher, CodeCheck(read.tracking_keys()), intake.gate)  # type: ignore[arg-type]
    app = ProblemApp(max_body_size=read.max_body_size)
    routers = (
        create_router(intake, Options(directory)),
        create_follow_up_router(follow_ups),
        create_suggestion_router(suggestions, intake.gate),
        create_upload_router(uploads, intake.gate),
        create_photo_router(read, photos, SignIn(read.oidc)),
        create_open311_router(Open311(read, intake, directory)),
    )
    for router in routers:
        app.router.routes.extend(router.routes)
    app.add_middleware(Open311Faults)
    return app


def operations() -> list[Any]:
    found: list[Any] = list(schemathesis.openapi.from_asgi("/openapi.json", an_app()).get_all_operations())
    return [one.ok() for one in found]


OPERATIONS = operations()
# Of what only asks there is nothing that its schema forbids.
JUDGED = [
    *((one, GenerationMode.POSITIVE) for one in OPERATIONS),
    *((one, GenerationMode.NEGATIVE) for one in OPERATIONS if one.method == "post"),
]


@pytest.mark.parametrize(("operation", "mode"), JUDGED, ids=str)
def test_given_any_request_when_it_is_sent_then_the_answer_is_no_5xx_and_a_refusal_is_a_problem(
    operation: Any, mode: GenerationMode
) -> None:
    cases, documented = operation.as_strategy(generation_mode=mode), operation.definition.raw["responses"].keys()

    @_JUDGED
    @given(cases, st.booleans(), st.sampled_from([{}, AS_CLERK, OFFICER]), st.sampled_from([None, *CODES]))
    def judge(case: Any, real: bool, token: dict[str, str], code: str | None) -> None:  # noqa: FBT001 - drawn
        # What no generator finds: a ticket whose check character is right, its code, and tokens.
        if real and "ticket" in (case.path_parameters or {}):
            case.path_parameters["ticket"] = TICKET
        if real and isinstance(case.body, dict) and "api_key" in case.body:
            case.body["api_key"] = API_KEY
        headers = token | ({"X-Tracking-Code": code} if code else {})
        answer = case.call(headers=headers)
        assert answer.status_code < 500, (case.as_curl_command(), answer.text)
        assert str(answer.status_code) in documented, (case.as_curl_command(), answer.text)
        if answer.status_code >= 400:
            kinds = OPEN311 if operation.path.startswith(PREFIX) else (MEDIA_TYPE,)
            assert answer.headers["content-type"][0].startswith(kinds), answer.text

    judge()


def test_given_the_schema_when_it_is_read_then_every_route_is_in_it() -> None:
    labels = {operation.label for operation in OPERATIONS}

    assert {"POST /v1/complaints", "POST /v1/complaints/validations", "POST /v1/photos"} <= labels
    assert {f"POST {PREFIX}/requests.{{form}}", f"GET {PREFIX}/services.{{form}}"} <= labels
    assert {f"POST /v1/complaints/{{ticket}}/{name}" for name in ("take-over", "support", "contact")} <= labels
