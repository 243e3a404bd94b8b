# Sealed: an update replaces this file.
"""The text forms of a source of instances."""

import pytest

from ...conftest import discovery

pytestmark = pytest.mark.anyio


async def test_a_list_is_taken_as_it_is() -> None:
    source = discovery.parse("http://orders:8001, https://[::1]/v1/")

    found = await source.fetch()

    assert [each.url for each in found] == ["http://orders:8001", "https://[::1]:443/v1"]
    assert source.seconds is None


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "orders:8001",
        "ftp://orders",
        "http://",
        "http://orders:0",
        "http://orders:99999",
        "http://user:secret@orders",
        "http://orders?x=1",
        "http://a:1,ftp://b:2",
        "etcd+http://orders",
        "srv+http://orders:8001",
        "file+http://host/path",
        "consul+http://consul:8500",
        "consul+http://consul:8500/a/b",
        "dns+http://",
    ],
)
def test_what_is_no_address_is_refused_in_a_sentence(wrong: str) -> None:
    with pytest.raises(ValueError, match=r".") as told:
        discovery.parse(wrong)

    assert "secret" not in str(told.value)
