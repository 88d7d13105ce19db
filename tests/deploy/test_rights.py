from deploy.rights import Of, Operation, rights


def test_given_the_table_of_rights_when_groups_are_deleted_then_only_the_command_may() -> None:
    found = rights("ntbcare")

    may_delete = {(right.user, right.of, right.name) for right in found if right.operation is Operation.DELETE}

    assert may_delete == {("cli", Of.GROUP, "ntbcare.")}
