from fastapi import FastAPI

from services.intake.api import Intake, Options, create_router
from services.intake.follow_ups import FollowUps, create_follow_up_router
from services.intake.pages.answering import ASSETS, HOME, Counter
from services.intake.pages.routes import create_form_router
from services.intake.photos import Photos, create_photo_router
from services.intake.places import load_places
from services.intake.settings import Settings
from services.intake.suggestions import Suggestions, create_suggestion_router
from services.intake.uploads import Uploads, create_upload_router
from shared.oidc import SignIn
from shared.pages.rendering import Pages
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
    follow_ups = FollowUps(settings, service.publisher, CodeCheck(settings.tracking_keys()))
    pages = Pages("services.intake.pages", HOME, ASSETS)
    counter = Counter(pages, service.directory, intake, uploads, suggestions)
    routers = (
        create_router(intake, options),
        create_suggestion_router(suggestions),
        create_upload_router(uploads),
        create_follow_up_router(follow_ups),
        create_photo_router(settings, photos, SignIn(settings.oidc)),
        pages.assets_router(),
        create_form_router(counter),
    )
    return service.create_app(*routers, max_body_size=settings.max_body_size)
