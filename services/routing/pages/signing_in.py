"""Pages for signing in and out, and for the language."""

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from services.routing.pages.sessions import Sessions
from shared.desk_session import HOME, comes_from_elsewhere, local_path
from shared.pages.rendering import Pages, language_of, remember_language
from shared.problems import Problem

_LOGIN = f"{HOME}/login"


@dataclass(frozen=True)
class SigningIn:
    """With an issuer the browser is sent there; without one a token of the local issuer is pasted in."""

    pages: Pages
    sessions: Sessions

    def add_to(self, router: APIRouter) -> None:
        router.add_api_route("/login", self.ask, methods=["GET"])
        router.add_api_route("/login", self.take_token, methods=["POST"])
        router.add_api_route("/callback", self.come_back, methods=["GET"])
        router.add_api_route("/logout", self.sign_out, methods=["POST"])
        router.add_api_route("/language", self.choose_language, methods=["POST"])

    async def ask(self, request: Request) -> Response:
        back = local_path(request.query_params.get("next", HOME))
        if not self.sessions.settings.issuer:
            return self.pages.render("login.html", language_of(request), back=back, problem="", here=_LOGIN)
        try:
            return await self.sessions.ask_issuer(request, back)
        except Problem as problem:
            return self._sorry(request, problem)

    async def take_token(self, request: Request) -> Response:
        form = await request.form()
        back, token = local_path(str(form.get("back", HOME))), str(form.get("token", "")).strip()
        if self.sessions.settings.issuer or comes_from_elsewhere(request):
            return RedirectResponse(_LOGIN, 303)
        try:
            return await self.sessions.begin(token, back)
        except Problem as problem:
            language = language_of(request)
            why = self.pages.words(language)["bad_token"]
            return self.pages.render("login.html", language, problem.status, back=back, problem=why, here=_LOGIN)

    async def come_back(self, request: Request) -> Response:
        try:
            return await self.sessions.return_from_issuer(request)
        except Problem as problem:
            return self._sorry(request, problem)

    async def sign_out(self, request: Request) -> Response:
        return RedirectResponse(HOME, 303) if comes_from_elsewhere(request) else self.sessions.end()

    async def choose_language(self, request: Request) -> Response:
        form = await request.form()
        chosen = str(form.get("to", ""))
        response = RedirectResponse(local_path(str(form.get("back", HOME))), 303)
        remember_language(response, chosen)
        return response

    def _sorry(self, request: Request, problem: Problem) -> Response:
        return told(self.pages, request, problem.status, self.pages.words(language_of(request))["try_later"])


def told(pages: Pages, request: Request, status: int, text: str) -> Response:
    """A page that says one thing."""
    return pages.render("told.html", language_of(request), status, text=text, here=HOME)
