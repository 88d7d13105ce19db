"""Requests of the commands to NTB Care, and its refusals in words."""

from collections.abc import Mapping
from typing import Any, Final

import httpx2

from deploy.commands.failures import FAILED, WRONG_USE, CommandFailed

TIMEOUT_S: Final = 40.0
"""Longer than the longest wait that a request may ask for."""
_WRONG: Final = frozenset({400, 413, 422})


def connect(url: str) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(base_url=url, timeout=TIMEOUT_S)


def read(answer: httpx2.Response, options: Mapping[str, str] | None = None) -> Any:
    """The answer's JSON. Raises CommandFailed with the refusal in words.

    `options` names the command's options by the fields of the request, so that the words fit what was typed.
    """
    if answer.is_success:
        return _json(answer)
    code = WRONG_USE if answer.status_code in _WRONG else FAILED
    raise CommandFailed(_refusal(answer, options or {}), code=code)


def _json(answer: httpx2.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        raise CommandFailed(f"{answer.url} does not answer as NTB Care does. Is --url its address?") from None


def _refusal(answer: httpx2.Response, options: Mapping[str, str]) -> str:
    problem = _json(answer)
    if not isinstance(problem, dict):
        return f"{answer.url} refused with status {answer.status_code}."
    told: dict[str, Any] = problem
    errors: list[dict[str, str]] = told.get("errors", [])
    if errors:
        lines = [f"  {options.get(error['field'], error['field'])}: {error['detail']}" for error in errors]
        return "\n".join([f"{told.get('title', 'Refused')}:", *lines])
    words = ": ".join(str(told[part]) for part in ("title", "detail") if told.get(part))
    return f"{words or 'Refused'} (status {answer.status_code})"
