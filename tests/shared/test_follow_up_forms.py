"""What the reporters' forms are called, in both languages."""

import pytest

from shared.events.event import Language
from shared.pages.follow_ups import CODE_FIELD, FORMS, Form, faults_in_order
from shared.pages.rendering import Pages

AMISS = Pages("services.intake.amiss", "")
TICKET = "NTB-C833-HX1X-7X7V-TM"


@pytest.mark.parametrize("language", list(Language))
def test_given_every_form_when_its_words_are_looked_up_then_none_is_missing(language: Language) -> None:
    words = AMISS.words(language)["follow_ups"]

    assert words["forms"].keys() == FORMS.keys()
    assert {frozenset(told) for told in words["forms"].values()} == {frozenset({"title", "lead", "button", "done"})}
    for name, fields in FORMS.items():
        for field in fields:
            assert f"{name}-{field.name}" in words["labels"] or field.name in words["labels"]
            assert field.name in words["faults"]
            if field.kind == "choice":
                assert words["options"][field.name].keys() == {option or "none" for option in field.options}
            if field.kind == "rating":
                assert words["ratings"].keys() == set(field.options)
    assert CODE_FIELD in words["labels"].keys() & words["faults"].keys()


def test_given_both_languages_when_what_went_amiss_is_told_then_it_has_the_same_words() -> None:
    indonesian, english = (AMISS.words(language) for language in Language)

    assert indonesian.keys() == english.keys()
    assert indonesian["why"].keys() == english["why"].keys() == {"session", "subject", "too_many", "unreachable"}


@pytest.mark.parametrize("name", list(FORMS))
@pytest.mark.parametrize("language", list(Language))
def test_given_a_form_with_everything_wrong_when_it_is_rendered_then_each_field_says_so_once(
    name: str, language: Language
) -> None:
    visible = [field.name for field in FORMS[name] if field.kind != "hidden"]
    form = Form(name=name, ticket=TICKET, asks_code=True).with_faults((CODE_FIELD, *visible))

    page = bytes(AMISS.render("again.html", language, 422, form=form, why="session", here="/lacak").body).decode()

    assert page.count("-fault") == 2 * len(form.faults)
    assert all(f'href="#{name}-{field}"' in page and f'id="{name}-{field}"' in page for field in form.faults)
    assert f'action="/lapor/{TICKET}/{name}"' in page


def test_given_names_of_wrong_fields_when_they_are_put_in_order_then_strangers_are_left_out() -> None:
    form = Form(name="contact", ticket=TICKET)

    assert faults_in_order(form, {"phone", "code", "name", "stranger"}) == ("code", "name", "phone")
