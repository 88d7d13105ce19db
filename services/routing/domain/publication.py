"""What coordinators let the public and the agency see."""

from collections.abc import Callable
from typing import ClassVar

from services.routing.domain.deeds import Deed, DeedFaulty
from services.routing.domain.draft import Draft
from services.routing.domain.table import Action
from shared.events.cases import CasePublished, CaseRestricted, CaseUnpublished
from shared.events.event import Slug
from shared.events.words import Text, WordsKind


class Restrict(Deed):
    """Hide who complained from the agency, or what from the public. Nobody but the reporter can show it again."""

    action: ClassVar = Action.RESTRICT
    anonymous: bool = False
    confidential: bool = False

    def do(self, draft: Draft) -> None:
        case = draft.case
        anonymous, confidential = case.anonymous or self.anonymous, case.confidential or self.confidential
        if (anonymous, confidential) == (case.anonymous, case.confidential):
            raise DeedFaulty("confidential", "nothing would be switched on that is not on already")
        draft.change(anonymous=anonymous, confidential=confidential)
        draft.emit(CaseRestricted)
        unpublish_if_confidential(draft)


class Publish(Deed):
    """Show everybody what was complained about, without what is nobody else's business."""

    action: ClassVar = Action.PUBLISH
    text: Text
    photos: tuple[Slug, ...] = ()

    def do(self, draft: Draft) -> None:
        draft.unpublish()
        key = f"{draft.ticket}:{draft.next_id(CasePublished)}"
        draft.change(publication=key)
        draft.emit(CasePublished, self.text, WordsKind.PUBLICATION, photos=self.photos)


class Unpublish(Deed):
    """Show nobody any more."""

    action: ClassVar = Action.UNPUBLISH

    def do(self, draft: Draft) -> None:
        draft.unpublish()
        draft.emit(CaseUnpublished)


def check_photos(deed: Publish, original_of: Callable[[str], str | None]) -> None:
    """`original_of`: the photo of this case that a name stands for, itself or redacted. Raises DeedFaulty."""
    originals = [original_of(name) for name in deed.photos]
    if None in originals:
        raise DeedFaulty("photos", "names what is no photo of this case")
    if len(set(originals)) < len(originals):
        raise DeedFaulty("photos", "shows a photo twice: choose it as it is, or one redacted copy")


def unpublish_if_confidential(draft: Draft) -> None:
    if draft.case.confidential and draft.case.publication is not None:
        draft.unpublish()
        draft.emit(CaseUnpublished)


PUBLICATION_DEEDS: tuple[type[Deed], ...] = (Restrict, Publish, Unpublish)
