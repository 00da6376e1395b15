from uuid import RFC_4122, UUID

from yunying.base.ids import uuid7, uuid7_text


def test_ids_made_as_text_are_of_version_7_and_sort_with_the_others() -> None:
    made = [UUID(uuid7_text()) for _ in range(1000)]
    assert {(one.version, one.variant) for one in made} == {(7, RFC_4122)}
    assert len(set(made)) == 1000
    assert abs((uuid7().int >> 80) - (UUID(uuid7_text()).int >> 80)) < 10_000
    assert all(str(one) == text for one, text in ((UUID(text), text) for text in [uuid7_text()]))
