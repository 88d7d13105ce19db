from fastapi import FastAPI

from services.intake.api import Intake, Options, create_router
from services.intake.erasing.deciding import Rules
from services.intake.erasing.janitor import Janitor
from services.intake.erasing.routine import Routine
from services.intake.follow_ups import FollowUps, create_follow_up_router
from services.intake.form_follow_ups import FormFollowUps, create_follow_up_form_router
from services.intake.open311 import Open311, create_open311_router
from services.intake.operator_sessions import OperatorSessions
from services.intake.pages.answering import ASSETS, HOME, Counter
from services.intake.pages.operators import OperatorPages, create_operator_router
from services.intake.pages.routes import create_form_router
from services.intake.photos import Photos, create_photo_router
from services.intake.places import load_places
from services.intake.settings import Settings
from services.intake.suggestions import Suggestions, create_suggestion_router
from services.intake.support_form import create_support_router
from services.intake.uploads import Uploads, create_upload_router
from shared.oidc import SignIn
from shared.open311 import Open311Faults
from shared.pages.rendering import Pages
from shared.reporter_session import ReporterSessions
from shared.service import Service
from shared.tracking import CodeCheck


def create_app(settings: Settings | None = None) -> FastAPI:
    """Intake: accepts complaints and publishes them. It needs Kafka and, for photos alone, where to keep them."""
    settings = settings or Settings.model_validate({})
    service = Service("intake", settings)
    photos, places = Photos(settings), load_places()
    uploads = Uploads(settings, photos, places.region_at, service.directory.regions)
    service.background("unclaimed_photos", uploads.run)
    intake = Intake(settings, service.directory, places, service.publisher, uploads)
    options = Options(service.directory)
    service.follower.on_change.append(options.note_change)
    suggestions = Suggestions(service.directory)
    service.follower.on_change.append(suggestions.note_change)
    follow_ups = FollowUps(settings, service.publisher, CodeCheck(settings.tracking_keys()), intake.gate)
    if settings.janitor.enabled:
        rules = Rules(settings.janitor.keep_for, settings.janitor.orphans_after)
        janitor = Janitor(settings.kafka, settings.blobs, service.publisher, rules)
        service.background("janitor", Routine(settings, janitor).run)
    sessions = ReporterSessions(settings.tracking_keys(), secure=settings.environment == "production")
    forms = FormFollowUps(follow_ups, sessions, Pages("services.intake.amiss", ""))
    pages = Pages("services.intake.pages", HOME, ASSETS)
    counter = Counter(pages, service.directory, intake, uploads, suggestions, follow_ups)
    operators = OperatorSessions.of(settings, service.directory)
    routers = (
        create_router(intake, options),
        create_follow_up_router(follow_ups),
        create_follow_up_form_router(forms),
        create_support_router(follow_ups),
        create_suggestion_router(suggestions, intake.gate),
        create_upload_router(uploads, intake.gate),
        create_photo_router(settings, photos, SignIn(settings.oidc)),
        pages.assets_router(),
        create_form_router(counter),
        create_operator_router(OperatorPages(counter, operators)),
        create_open311_router(Open311(settings, intake, service.directory)),
    )
    app = service.create_app(*routers, max_body_size=settings.max_body_size)
    app.add_middleware(Open311Faults)
    return app
