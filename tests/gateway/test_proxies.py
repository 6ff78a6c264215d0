"""Who is believed about whom."""

import pytest

from gateway.proxies import Origin, ProxyPolicy, is_loopback, origin
from gateway.settings import Settings, SettingsError
from gateway.wire import Headers


def policy(*trusted: str, header: str = "x-forwarded", base_url: str = "") -> ProxyPolicy:
    return ProxyPolicy.of(Settings({"trusted_proxies": trusted, "proxy_header": header, "base_url": base_url}))


def came(given: ProxyPolicy, peer: str, *fields: tuple[str, str]) -> Origin:
    return origin(given, peer, "http", Headers([("Host", "inner:8080"), *fields]), "fallback:1")


def test_without_proxies_the_connection_says_it_all():
    fields = (("X-Forwarded-For", "9.9.9.9"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Prefix", "/x"))
    assert came(policy(), "10.0.0.1", *fields) == Origin("10.0.0.1", "http://inner:8080")


def test_a_listed_proxy_names_caller_scheme_host_and_prefix():
    fields = (
        ("X-Forwarded-For", "9.9.9.9"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Host", "api.example.com"),
        ("X-Forwarded-Prefix", "/gw/"),
    )
    assert came(policy("10.0.0.0/8"), "10.0.0.1", *fields) == Origin("9.9.9.9", "https://api.example.com/gw")


def test_what_the_caller_put_before_the_chain_is_not_believed():
    fields = (("X-Forwarded-For", "1.1.1.1, 9.9.9.9, 10.0.0.2"),)
    assert came(policy("10.0.0.0/8"), "10.0.0.1", *fields).client == "9.9.9.9"


def test_each_proxy_of_a_chain_may_add_its_own_scheme():
    fields = (("X-Forwarded-For", "9.9.9.9, 10.0.0.2"), ("X-Forwarded-Proto", "https, http"))
    assert came(policy("10.0.0.0/8"), "10.0.0.1", *fields).base_url == "https://inner:8080"


def test_the_header_that_was_not_chosen_is_the_callers_own_and_is_not_read():
    fields = (("Forwarded", "for=1.1.1.1;host=evil.test;proto=https"), ("X-Forwarded-For", "9.9.9.9"))
    assert came(policy("10.0.0.1"), "10.0.0.1", *fields) == Origin("9.9.9.9", "http://inner:8080")
    assert came(policy("10.0.0.1", header="forwarded"), "10.0.0.1", *fields) == Origin("1.1.1.1", "https://evil.test")


def test_forwarded_is_read_with_ports_quotes_and_ipv6():
    value = 'for="[2001:db8::17]:4711";proto=HTTPS;host="a.test:8443", for=10.0.0.2'
    found = came(policy("10.0.0.0/8", header="forwarded"), "10.0.0.1", ("Forwarded", value))
    assert found == Origin("2001:db8::17", "https://a.test:8443")


def test_a_caller_that_the_proxy_hides_is_named_by_its_proxy():
    assert came(policy("10.0.0.1", header="forwarded"), "10.0.0.1", ("Forwarded", "for=_hidden")).client == "10.0.0.1"


@pytest.mark.parametrize("host", ['a"><b', "a b", "a/../b", "user@host", "", "a\\b", "a:port"])
def test_a_host_that_cannot_be_one_is_replaced(host):
    assert origin(policy(), "1.1.1.1", "https", Headers([("Host", host)]), "own:1").base_url == "https://own:1"


def test_a_prefix_that_cannot_be_one_is_dropped():
    fields = (("X-Forwarded-For", "9.9.9.9"), ("X-Forwarded-Prefix", "//evil.test/<"))
    assert came(policy("10.0.0.1"), "10.0.0.1", *fields).base_url == "http://inner:8080"


def test_a_fixed_base_url_wins_over_everything():
    fields = (("X-Forwarded-For", "9.9.9.9"), ("X-Forwarded-Host", "other"))
    given = policy("10.0.0.1", base_url="https://public.test/gw/")
    assert came(given, "10.0.0.1", *fields) == Origin("9.9.9.9", "https://public.test/gw")


def test_an_ipv4_peer_on_an_ipv6_socket_is_the_same_peer():
    assert policy("10.0.0.0/8").trusts("::ffff:10.1.2.3")
    assert is_loopback("::ffff:127.0.0.1")


def test_a_unix_socket_is_trusted_only_when_listed():
    assert not policy("10.0.0.1").trusts("")
    assert policy("unix").trusts("")


@pytest.mark.parametrize(("name", "value"), [("trusted_proxies", ("10.0.0.300",)), ("base_url", "gateway.test")])
def test_a_wrong_setting_is_named(name, value):
    given = {"trusted_proxies": (), "proxy_header": "x-forwarded", "base_url": "", name: value}
    with pytest.raises(SettingsError, match=name):
        ProxyPolicy.of(Settings(given))
