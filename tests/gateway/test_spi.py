"""The public door for plug-ins: a name that leaves it, or comes to it, is a decision."""

from pathlib import Path

from gateway import spi


def test_everything_promised_is_there() -> None:
    assert [name for name in spi.__all__ if not hasattr(spi, name)] == []


def test_the_promise_is_pinned() -> None:
    pinned = (Path(__file__).parent.parent / "data" / f"spi-{spi.SPI_VERSION}.txt").read_text(encoding="utf-8")
    assert sorted(spi.__all__) == pinned.split()


def test_every_public_name_says_what_it_means() -> None:
    undocumented = [
        name
        for name in spi.__all__
        if isinstance(getattr(spi, name), type) and not (getattr(spi, name).__doc__ or "").strip()
    ]
    assert undocumented == []
