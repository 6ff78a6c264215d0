"""JSV against what the recorded v3 server read and wrote."""

import importlib.util
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.codecs.jsv import Jsv, split_list
from adapters.protocol import Decoded
from gateway.limits import DEFAULT
from gateway.outcome import Fault


def _load(name):
    spec = importlib.util.spec_from_file_location(f"servicestack_{name}", Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


dto = _load("servicestack_dto")
shared = _load("test_text_json")
CODEC = Jsv(dto.ZONE)


@pytest.mark.parametrize(("text", "recorded"), dto.cases("V"))
def test_reads_as_the_recorded_server_did(text, recorded):
    body = text.replace("\\n", "\n").replace("\\t", "\t").encode()
    if recorded.startswith("!! "):
        with pytest.raises(Fault) as caught:
            CODEC.decode(body, dto.DTO, DEFAULT)
        assert caught.value.message == recorded.split(": ", 1)[1]
    else:
        tree = CODEC.decode(body, dto.DTO, DEFAULT).tree
        assert dto.shown(tree) == ("{}" if recorded == "null" else recorded)


@pytest.mark.parametrize("title", shared.LISTS)
def test_writes_lists_as_the_recorded_server_did(title):
    name, values = shared.LISTS[title]
    recorded = dto.written(title)[1]
    assert CODEC.encode({name: values}, shared.VALUES).decode() == f"{{{name}:{recorded}}}"


@pytest.mark.parametrize("title", shared.OBJECTS)
def test_writes_objects_as_the_recorded_server_did(title):
    recorded = dto.without_undeclarable(dto.written(title)[1])
    assert CODEC.encode(shared.OBJECTS[title], dto.DTO).decode() == recorded


def test_splits_the_items_of_a_batch():
    assert split_list(b"[{S:a},{I:5}]", DEFAULT) == [b"{S:a}", b"{I:5}"]
    with pytest.raises(Fault):
        split_list(b"{S:a}", DEFAULT)


_JSV_LIKE = st.lists(
    st.sampled_from(["{", "}", "[", "]", '"', '""', ":", ",", "S", "Sub", "Ls", "Subs", "I", "D", "1", " ", "\n"])
).map(lambda parts: "".join(parts).encode())


@given(st.binary(max_size=200) | _JSV_LIKE)
def test_any_bytes_give_a_tree_or_a_fault(body):
    try:
        decoded = CODEC.decode(body, dto.DTO, DEFAULT)
    except Fault:
        return
    assert isinstance(decoded, Decoded)
    dto.DTO.check(decoded.tree)
    CODEC.encode(decoded.tree, dto.DTO)


@given(
    st.fixed_dictionaries(
        {"S": st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)},
        optional={
            "G": st.uuids(),
            "Ls": st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5), max_size=4),
            "Subs": st.lists(
                st.fixed_dictionaries(
                    {"X": st.text(st.characters(codec="utf-8", exclude_characters="\0")), "N": st.just(3)}
                ),
                max_size=3,
            ),
        },
    )
)
def test_what_is_written_reads_back(tree):
    back = CODEC.decode(CODEC.encode(tree, dto.DTO), dto.DTO, DEFAULT).tree
    assert {key: back[key] for key in tree} == tree
