from deploy.diagrams import NOTICES_PAGE, PAGE, draw, draw_notices


def test_given_the_table_when_the_page_is_compared_then_it_is_what_the_table_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == draw(), "draw it again with: make diagrams"


def test_given_the_rules_of_notices_when_they_are_drawn_then_the_page_is_as_it_lies_in_docs() -> None:
    assert NOTICES_PAGE.read_text(encoding="utf-8") == draw_notices(), "draw it again with: make diagrams"
