def test_cast_has_the_roles_it_says(people):
    assert people.access("chen").permissions < people.access("bo").permissions < people.access("ada").permissions
