from deploy.diagrams import PAGE, draw


def test_given_the_table_when_the_page_is_compared_then_it_is_what_the_table_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == draw(), "draw it again with: make diagrams"
