import tomllib
from pathlib import Path

import pytest

from deploy.site.__main__ import CONFIG
from deploy.site.api_pages import draw_apis
from deploy.site.checking import faults
from deploy.site.event_pages import draw_events, examples
from deploy.site.staging import LinkBroken, relink
from shared.topics import EVENT_TOPICS

MODELS = {kind: model for topic in EVENT_TOPICS for kind, model in topic.types.items()}


@pytest.mark.parametrize("kind", sorted(MODELS))
def test_given_an_event_type_when_its_example_is_read_then_the_model_takes_it_and_knows_every_field(kind: str) -> None:
    example = examples()[kind]

    read = MODELS[kind].model_validate(example)

    assert read.model_dump(mode="json").keys() >= example.keys()


def test_given_examples_when_types_are_listed_then_each_is_of_a_type() -> None:
    assert examples().keys() == MODELS.keys()


def test_given_events_when_drawn_then_each_field_and_reader_is_told() -> None:
    pages = draw_events()

    assert "| readers | routing, notification, reporting, intake (without a group) |" in pages["events/complaints.md"]
    assert "| `about` | string or null |  | The body that the complaint is about" in pages["events/complaints.md"]
    assert all(f"## {kind}\n" in "".join(pages.values()) for kind in MODELS)


def test_given_apis_when_drawn_then_operations_parameters_and_problems_are_told() -> None:
    page = draw_apis()["api/intake.md"]

    assert "`POST /v1/complaints`" in page
    assert "| `location.latitude` | number or null |" in page
    assert "| 422 | Unprocessable Entity | `application/problem+json`: object |" in page


def test_given_links_when_a_page_is_staged_then_they_lead_where_the_site_has_it() -> None:
    pages = {"docs/runbooks/README.md": "runbooks/index.md", "docs/desk.md": "desk.md"}

    changed = relink(
        "[a](../desk.md#photos) [b](../../Makefile) [c](https://www.w3.org)", "docs/runbooks/README.md", pages
    )

    assert changed == "[a](../desk.md#photos) b [c](https://www.w3.org)"
    assert relink("[a](runbooks)", "docs/desk.md", pages) == "[a](runbooks/index.md)"


def test_given_a_link_to_nothing_when_staged_then_it_is_refused() -> None:
    with pytest.raises(LinkBroken, match=r"docs/nowhere\.md"):
        relink("[a](nowhere.md)", "docs/desk.md", {"docs/desk.md": "desk.md"})


def test_given_a_page_with_faults_when_checked_then_each_is_said(tmp_path: Path) -> None:
    staged, built = tmp_path / "docs", tmp_path / "site"
    staged.mkdir()
    built.mkdir()
    (staged / "alone.md").write_text("# Alone", encoding="utf-8")
    (built / "page.css").write_text("a { background: url('https://fonts.example/a.woff2') }", encoding="utf-8")
    (built / "alone.html").write_text(
        '<pre class="mermaid"></pre><script src="//cdn.example/a.js"></script>'
        '<a href="gone.html">a</a><a href="alone.html#b">b</a>',
        encoding="utf-8",
    )

    found = faults([{"Start": "index.md"}], staged, built)

    assert [fault.replace(f"{tmp_path}/", "") for fault in found] == [
        "alone.md is not in the navigation of zensical.toml",
        "the navigation of zensical.toml names index.md, which is not there",
        "site/alone.html loads //unpkg.com/mermaid",
        "site/alone.html loads //cdn.example/a.js",
        "site/page.css loads from another host",
        "site/alone.html links to gone.html, which is not there",
        "site/alone.html links to alone.html#b, and no such heading is there",
    ]


def test_given_the_configuration_when_read_then_no_fonts_are_fetched() -> None:
    assert tomllib.loads(CONFIG.read_text(encoding="utf-8"))["project"]["theme"]["font"] is False
