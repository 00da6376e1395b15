"""The migrations in both forms."""

from yunying.store.scripts import Form, Script, scripts

CLUSTER = Form("shop", "yunying", "USER 'a' PASSWORD 'b'")


def every(form: Form) -> list[str]:
    return [statement for script in scripts() for statement in script.statements(form)]


def test_no_placeholder_is_left_in_either_form() -> None:
    for form in (Form(), CLUSTER):
        for statement in every(form):
            assert "{on_cluster}" not in statement
            assert "{local}" not in statement
            assert "{engine" not in statement
            assert "{login}" not in statement


def test_one_node_has_plain_engines() -> None:
    text = "\n".join(every(Form()))
    assert "Replicated" not in text
    assert "Distributed" not in text
    assert "ON CLUSTER" not in text
    assert "LIFETIME(0)" in text


def test_a_cluster_replicates_everything_and_spreads_events_by_person() -> None:
    statements = every(CLUSTER)
    assert all("ON CLUSTER 'shop'" in statement for statement in statements)
    events = next(s for s in statements if s.startswith("CREATE TABLE IF NOT EXISTS events_local"))
    assert "ReplicatedReplacingMergeTree('/yunying/{shard}/events_local', '{replica}')" in events
    people = next(s for s in statements if "EXISTS people " in s)
    assert "ReplicatedReplacingMergeTree('/yunying/all/people', '{shard}-{replica}', version)" in people
    assert any("Distributed('shop', currentDatabase(), events_local, intHash32(person))" in s for s in statements)
    owner = next(s for s in statements if s.startswith("CREATE DICTIONARY"))
    assert "yunying.moved" in owner
    assert "USER 'a' PASSWORD 'b'" in owner
    assert "LIFETIME(MIN 2 MAX 5)" in owner


def test_statements_end_at_the_semicolon_of_a_line() -> None:
    script = Script(
        "0009_x", "-- why\nCREATE TABLE a\n(\n  b String -- what\n);\n\n-- only: cluster\nCREATE TABLE c;\n"
    )
    assert len(script.statements(Form())) == 1
    assert len(script.statements(CLUSTER)) == 2


def test_numbers_are_unique_and_in_order() -> None:
    numbers = [int(script.name[:4]) for script in scripts()]
    assert numbers == list(range(1, len(numbers) + 1))
