"""What the kit fixes is as it was when the kit is done, in whatever order its gateways end."""

from contextlib import ExitStack

from gateway import boot, credentials, ids, registry
from gateway.conformance.steady import steady


def test_all_is_put_back_though_the_first_ends_before_the_second() -> None:
    def patched() -> tuple[object, ...]:
        return credentials.SCRYPT_N, ids.event_id, ids.session_secret, boot.plugins.discover

    before, found = patched(), registry.discover()
    first, second = ExitStack(), ExitStack()
    first.enter_context(steady(found))
    numbers = second.enter_context(steady(found))
    first.close()
    assert ids.session_secret() == f"{numbers.last['secret']:032x}"
    assert boot.plugins.discover() is found
    second.close()
    assert patched() == before
