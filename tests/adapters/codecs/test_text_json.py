"""ServiceStack.Text's JSON against what the recorded v3 server read and wrote."""

import importlib.util
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.codecs.text_json import TextJson, camel_case, split_array
from adapters.protocol import Decoded
from gateway.limits import DEFAULT, Limits
from gateway.outcome import Fault

GOLDEN = Path(__file__).parents[2] / "golden" / "servicestack"
_spec = importlib.util.spec_from_file_location("servicestack_dto", GOLDEN / "dto.py")
dto = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(dto)
CODEC = TextJson(dto.ZONE, "offset")


@pytest.mark.parametrize(("text", "recorded"), dto.cases("J"))
def test_reads_as_the_recorded_server_did(text, recorded):
    if recorded.startswith("!! "):
        with pytest.raises(Fault) as caught:
            CODEC.decode(text.encode(), dto.DTO, DEFAULT)
        assert caught.value.message.replace("'Dto'", "'Dto'") == recorded.split(": ", 1)[1]
    else:
        tree = CODEC.decode(text.encode(), dto.DTO, DEFAULT).tree
        assert dto.shown(tree) == ("{}" if recorded == "null" else recorded)
