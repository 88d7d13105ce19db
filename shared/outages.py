"""What HTTP answers while MongoDB is away."""

from typing import Final

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from pymongo.errors import PyMongoError

from shared.mongo import is_passing
from shared.problems import Problem, to_response

RETRY_AFTER_S: Final = 5


def answer_outages(app: FastAPI) -> None:
    """503 for what passes, instead of an error that looks like a bug."""

    @app.exception_handler(PyMongoError)
    async def _away(_: Request, error: PyMongoError) -> JSONResponse:
        if not is_passing(error):
            raise error
        detail = "The database does not answer. Nothing is lost; try again."
        return to_response(Problem(503, "Not available now", detail, headers={"Retry-After": str(RETRY_AFTER_S)}))
