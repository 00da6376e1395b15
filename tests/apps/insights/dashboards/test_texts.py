import pytest

from yunying.apps.insights.dashboards.texts import html_of, plain_of


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[click](javascript:alert(1))",
        "[click](JaVaScRiPt:alert(1))",
        "[click](data:text/html;base64,PHNjcmlwdD4=)",
        "![x](https://spy.example/pixel.png)",
        "<a href='x' onclick='alert(1)'>y</a>",
        "<iframe src='https://spy.example'></iframe>",
        "<style>body{display:none}</style>",
        "`<svg onload=alert(1)>`",
    ],
)
def test_nothing_active_gets_through(text: str) -> None:
    html = html_of(text).lower()
    for wrong in ("<script", "<img", "<iframe", "<style", "<svg", 'href="javascript', 'href="data'):
        assert wrong not in html
    assert "onclick=" not in html or "&lt;" in html


def test_markdown_is_laid_out_below_the_pages_own_heading() -> None:
    html = html_of("# Tea\n\n**Good** [site](https://example.com)\n\n| a | b |\n|---|---|\n| 1 | 2 |")
    assert "<h2>Tea</h2>" in html
    assert "<strong>Good</strong>" in html
    assert 'rel="noopener noreferrer nofollow"' in html
    assert "<td>1</td>" in html


def test_pictures_get_the_words_alone() -> None:
    assert plain_of("# Tea\n\n- **one**\n- two\n\nlast line") == [
        ("heading", "Tea"),
        ("item", "one"),
        ("item", "two"),
        ("text", "last line"),
    ]
