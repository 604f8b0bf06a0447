from heed import brand, registry
from heed.domain.mention import Account
from heed.registry import Registry

ONE, TWO, OTHER = (Account("x", "1", "acme"), Account("x", "2", "bolt"), Account("x", "3", "acme"))


def test_accounts_are_found_by_platform_and_connection() -> None:
    accounts = Registry([("main", ONE), ("second", OTHER), ("main", TWO)])

    assert accounts.accounts("x", "main") == (ONE, TWO)
    assert accounts.accounts("x", "second") == (OTHER,)


def test_what_is_not_registered_has_no_accounts() -> None:
    accounts = Registry([("main", ONE)])

    assert accounts.accounts("x", "other") == ()
    assert accounts.accounts("facebook", "main") == ()
    assert accounts.accounts("", "") == ()


def test_the_short_way_reads_what_the_checked_way_reads() -> None:
    read = registry.load()

    for key, account in brand.load().accounts:
        expected = Account(account.platform, account.id, key, account.handle)
        assert expected in read.accounts(account.platform, account.connection)
