"""Sentences that define a thing: told from others that name it, and found wherever they stand."""

from __future__ import annotations

import pytest

from ask_tools import check_answer
from longvid_agents.definitions import DEFINES, definition, names_asked
from longvid_agents.question import make_plan
from longvid_storage.types import Utterance
from small_library import SmallLibrary, SmallVideo


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("What is a soft fork?", [["soft", "fork"]]),
        ("What is proof of work?", [["proof", "of", "work"]]),
        ("What's a watch-tower?", [["watch", "tower"]]),
        ("When does the speaker define the learning rate?", [["learning", "rate"]]),
        ("What is the learning rate in gradient descent?", [["learning", "rate"], ["gradient", "descent"]]),
        ("What does RBF stand for?", [["rbf"]]),
        ("Was ist ein Halbleiter?", [["halbleiter"]]),
        ("¿Qué es la fotosíntesis?", [["fotosíntesis"]]),
        ("Why does the loss grow?", []),
        ("Who wrote the mempool code?", []),
    ],
)
def test_the_thing_that_is_asked_for(question: str, names: list[list[str]]) -> None:
    assert [list(name) for name in names_asked(make_plan(question))] == names


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("So a soft fork is a tightening of the rules.", "soft fork"),
        ("Soft forks are basically a way to upgrade.", "soft fork"),
        ("And because then proof-of-work is what you burn energy for.", "proof of work"),
        ("UTXO represents an unspent transaction output, a coin.", "utxo"),
        ("One pass over the whole training set is called an epoch.", "epoch"),
        ("They wait in a list, and we call it the mempool, which every node has.", "mempool"),
        ("An epoch, by the way, is one pass over the data.", "epoch"),
        ("A nonce, which is a number used once, is added.", "nonce"),
        ("The mempool’s the queue in which transactions wait.", "mempool"),
        ("Epoch: one pass over the training set", "epoch"),
        ("Ein Halbleiter ist ein Stoff, der mal leitet und mal nicht.", "halbleiter"),
        ("La fotosíntesis es el proceso que guarda la luz.", "fotosíntesis"),
        ("La photosynthèse est un processus de la plante verte.", "photosynthèse"),
        ("Фотосинтез это процесс, который запасает свет.", "фотосинтез"),
        ("光合作用是指植物用光制造糖的过程。", "光合作用"),
        ("光合成とは植物が光で糖を作ることです。", "光合成"),
    ],
)
def test_what_defines(text: str, name: str) -> None:
    assert definition(text, [name.split()]) >= DEFINES


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("The output of a hash function is a number of fixed length.", "hash function"),
        ("So wrapped segwit is a hybrid of both of them.", "segwit"),
        ("Taproot is just so hard.", "taproot"),
        ("All I read is that segwit is the awfulest thing ever.", "segwit"),
        ("The privacy on Lightning is a big, complex subject.", "lightning"),
        ("There was a predecessor called generalized payment channels.", "payment channels"),
        ("It is what is called slot-based jamming.", "slot"),
        ("Lightning is not a coin of its own.", "lightning"),
        ("Is the mempool full?", "mempool"),
        ("I recap what a soft fork is.", "soft fork"),
        ("The mempool is", "mempool"),
        ("", "mempool"),
    ],
)
def test_what_only_names(text: str, name: str) -> None:
    assert definition(text, [name.split()]) < DEFINES


@pytest.mark.parametrize("encoder", [True, False])
def test_the_one_definition_is_found_among_a_hundred_uses_of_the_word(encoder: bool) -> None:
    uses = [
        "The mempool was full.",
        "We cleared the mempool again.",
        "Look at the mempool, then at the mempool of others.",
    ]
    talk = [Utterance(5.0 * i, 5.0 * i + 4, f"{uses[i % 3]} Then came number {i}.") for i in range(120)]
    other = ["Welcome to the show.", "Ann is with us.", "The mempool is the queue of payments that wait for a block.",
             "So it is like a waiting room.", "Now to the weather."]  # fmt: skip
    told = [Utterance(5.0 * i, 5.0 * i + 4, text) for i, text in enumerate(other)]
    held = SmallLibrary(
        [SmallVideo("a", "Clearing the mempool", talk), SmallVideo("b", "Radio", told)], encoder=encoder
    )
    answer = held.ask("What is the mempool?")
    assert [(c.title, c.start_s) for claim in answer.claims for c in claim.citations] == [("Radio", 10.0)]
    check_answer(answer, held)
    assert held.ask("When does the speaker define the mempool?").claims == answer.claims


def test_nobody_defines_what_nobody_names() -> None:
    held = small("The mempool is the queue of payments that wait.", "It is like a waiting room.")
    answer = held.ask("What is the FooDAS mempool?")
    assert (answer.found, answer.notes) == (
        False,
        ('Neither said nor shown in what was searched: "FooDAS".',),
    )
    assert held.ask("What is the mempool?").found


def test_of_a_code_that_nobody_names_nothing_is_told() -> None:
    held = small(
        "We could start with the proposals of the last network.", "Toni opposes EIP-7702, it is not ready."
    )
    assert held.ask("Who opposes EIP-7702?").found
    assert held.ask("Who opposes EIP 7702?").found
    for asked, missing in (("EIP-7907", "EIP-7907"), ("EIP 7907", "7907")):
        answer = held.ask(f"Who opposes {asked}?")
        assert not answer.found
        assert answer.notes[-1] == f'Neither said nor shown in what was searched: "{missing}".'


def small(*lines: str) -> SmallLibrary:
    return SmallLibrary(
        [SmallVideo("v", "Radio", [Utterance(5.0 * i, 5.0 * i + 4, t) for i, t in enumerate(lines)])]
    )
