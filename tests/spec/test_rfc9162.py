"""RFC 9162: the tree and its proofs against those of another implementation, and each clause that zegel keeps."""

import json
import tomllib
from base64 import b64decode
from hashlib import sha256
from pathlib import Path

import pytest
from zegel_testing.transparency import Tree

from zegel.errors import Rejected
from zegel.trust.transparency.merkle import EMPTY_ROOT, leaf_hash, root_of, verify_consistency, verify_inclusion

FOLDER = Path(__file__).parents[1] / "vectors" / "merkle"
INCLUSION = {case["file"]: case for case in json.loads((FOLDER / "inclusion.json").read_text())}
CONSISTENCY = {case["file"]: case for case in json.loads((FOLDER / "consistency.json").read_text())}
SKIPS = tomllib.loads((FOLDER / "skips.toml").read_text())["accepted"]  # they refuse, section 2.1.4 does not
LEAVES = (
    *map(bytes.fromhex, ("", "00", "10", "2021", "3031", "40414243", "5051525354555657")),
    bytes(range(0x60, 0x70)),
)
ROOTS = {  # of the first leaves, as the libraries for Certificate Transparency test them
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    4: "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    6: "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


def path(proof: list[str] | None) -> tuple[bytes, ...]:
    return tuple(map(b64decode, proof or ()))


def test_section_2_1_1_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert root_of(0, Tree().read) == EMPTY_ROOT == sha256(b"").digest()


@pytest.mark.parametrize("size", ROOTS)
def test_section_2_1_1_the_root_is_that_of_other_implementations(size: int) -> None:
    assert root_of(size, Tree(LEAVES[:size]).read).hex() == ROOTS[size]


def test_section_2_1_1_a_leaf_is_hashed_behind_a_zero_byte() -> None:
    assert leaf_hash(b"L123456").hex() == "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"


@pytest.mark.parametrize("file", INCLUSION)
def test_section_2_1_3_2_an_inclusion_proof_comes_out_as_elsewhere(file: str) -> None:
    case = INCLUSION[file]
    leaf, root = b64decode(case["leafHash"]), b64decode(case["root"])

    def verified() -> bytes:
        return verify_inclusion(leaf, index=case["leafIdx"], size=case["treeSize"], path=path(case["proof"]), root=root)

    if case["wantErr"]:
        with pytest.raises(Rejected):
            verified()
    else:
        assert verified() == leaf


@pytest.mark.parametrize("file", CONSISTENCY)
def test_section_2_1_4_2_a_consistency_proof_comes_out_as_elsewhere(file: str) -> None:
    case = CONSISTENCY[file]
    first_root, second_root = b64decode(case["root1"]), b64decode(case["root2"])

    def verified() -> bytes:
        return verify_consistency(
            first=case["size1"],
            first_root=first_root,
            second=case["size2"],
            second_root=second_root,
            path=path(case["proof"]),
        )

    if case["wantErr"] and file not in SKIPS:
        with pytest.raises(Rejected):
            verified()
    else:
        assert verified() == second_root


def test_the_vectors_are_those_that_the_source_names() -> None:
    table = (FOLDER / "SOURCE.md").read_text()
    for file in FOLDER.glob("*.json"):
        assert f"| {file.name} | {sha256(file.read_bytes()).hexdigest()} |" in table
    assert (len(INCLUSION), len(CONSISTENCY), len(SKIPS)) == (98, 98, 1)
