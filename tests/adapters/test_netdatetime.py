"""The .NET DateTime in XML; most of its grammar is in the recorded cases of the DataContract codec."""

from datetime import UTC
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.netdatetime import MAX_TICKS, format_datetime, parse_datetime
from adapters.scalars import DateTimeKind, NetDateTime

BERLIN = ZoneInfo("Europe/Berlin")


@given(st.integers(0, MAX_TICKS), st.sampled_from([DateTimeKind.UNSPECIFIED, DateTimeKind.UTC]))
def test_every_tick_reads_back(ticks, kind):
    value = NetDateTime(ticks, kind)
    assert parse_datetime(format_datetime(value, BERLIN), BERLIN) == value


@pytest.mark.parametrize(
    ("text", "zone", "written"),
    [
        ("2025-07-04T06:57:36.12345+02:00", BERLIN, "2025-07-04T06:57:36.12345+02:00"),
        ("2025-12-04T06:57:36-05:30", BERLIN, "2025-12-04T13:27:36+01:00"),
        ("2025-12-04T06:57:36-05:30", UTC, "2025-12-04T12:27:36+00:00"),
        ("2025-12-04T06:57:36-05:30", ZoneInfo("America/New_York"), "2025-12-04T07:27:36-05:00"),
        ("9999-12-31T23:59:59-05:00", UTC, "9999-12-31T23:59:59.9999999+00:00"),
        ("0001-01-01T00:00:00+05:00", UTC, "0001-01-01T00:00:00+00:00"),
    ],
)
def test_an_offset_is_converted_to_the_zone_of_the_server(text, zone, written):
    value = parse_datetime(text, zone)
    assert value.kind is DateTimeKind.LOCAL
    assert format_datetime(value, zone) == written


@given(st.text(alphabet="0123456789-:.TZ+ ", max_size=30))
def test_any_text_is_a_date_or_a_value_error(text):
    try:
        value = parse_datetime(text, BERLIN)
    except ValueError:
        return
    assert 0 <= value.ticks <= MAX_TICKS
