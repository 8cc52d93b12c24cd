"""Which sentences answer, by what they say and what is said around them; and when none does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from longvid_agents.answerability import WITH_VECTORS, WORDS_ONLY, Features, Logistic, model_for
from longvid_agents.asked_there import follows_question, only_opens
from longvid_agents.definitions import DEFINES, definition, names_asked
from longvid_agents.expected import asked_for, names_expected
from longvid_agents.extractive import begins_with_subject, choose, fitness, overlap, rank, readable
from longvid_agents.question import make_plan
from longvid_agents.scoring import (
    Scores,
    context,
    named_speakers,
    question_parts,
    saturated,
    score,
    sums,
    weights,
)
from longvid_storage.search import timeline
from longvid_storage.search.evidence import around
from longvid_storage.text.analysis import analyse
from longvid_storage.text.passages import speech_passages
from longvid_storage.types import EVERYTHING, Moment, Passage, Scope, ScreenText, Sound, Utterance
from small_library import SmallLibrary, SmallVideo


def spoken(*texts: str, speaker: str | None = None, video_id: str = "v") -> list[Passage]:
    return [
        Passage(i + 1, video_id, "speech", 5.0 * i, 5.0 * i + 5, text, speaker)
        for i, text in enumerate(texts)
    ]


def scored(question: str, sentences: list[Passage], **frequency: int) -> Scores:
    plan = make_plan(question)
    known = {term.text: frequency.get(term.text, 5) for term in plan.terms}
    said = [analyse(sentence.text, plan.language) for sentence in sentences]
    return score(plan, sentences, [], 100, known, None, None, said)


# --- scores ------------------------------------------------------------------------------------------------


def test_rare_words_and_names_weigh_more() -> None:
    terms = make_plan("which model did Kepler publish").terms
    share = weights(terms, 1000, {"model": 400, "kepler": 3, "publish": 40})
    by_term = dict(zip((t.text for t in terms), share, strict=True))
    assert by_term["kepler"] > by_term["publish"] > by_term["model"]
    assert sum(share) == pytest.approx(1)


def test_a_rare_word_is_evidence_unless_another_one_is_not_said_with_it() -> None:
    sentences = spoken("Some people like me live in France.", "The president of France came.")
    rare = scored("Who is the president of France?", sentences, franc=1, presid=1)
    assert rare.said.tolist() == [False, True]
    common = scored("Who is the president of France?", sentences, franc=1, presid=20)
    assert common.said.tolist() == [True, True]


def test_context_stays_within_a_video_and_counts_words_both_ways() -> None:
    sentences = spoken(*["one two three four"] * 4) + spoken("other video words here", video_id="w")
    bounds = context(sentences, np.full(5, 4.0), words=4)
    assert bounds.tolist() == [[0, 2], [0, 3], [1, 4], [2, 4], [4, 5]]
    assert sums(np.arange(5.0), bounds).tolist() == [1, 3, 6, 5, 4]


def test_a_second_mention_adds_less_than_the_first() -> None:
    first, second = saturated(np.array([1.0, 2.0]))
    assert 0 < second - first < first < 1


def test_what_is_said_around_counts() -> None:
    sentences = spoken("The budget is about the telescope.", "It will cost nine thousand euros in all.")
    far = spoken("It will cost nine thousand euros in all.", video_id="w")
    scores = scored("budget of the telescope", sentences + far)
    # "It" means the telescope's budget where that was said just before, and nothing in another video.
    assert scores.words.tolist() == [pytest.approx(1), pytest.approx(0.8), 0]
    assert scores.words_near[1] > 0
    assert scores.words_near[2] == 0


@pytest.mark.parametrize(
    ("question", "named"),
    [
        ("What did the project manager want?", ["Project Manager"]),
        ("What did Maria's team say?", ["Maria Silva"]),
        ("What did Will promise?", []),
        ("What does maria mean?", []),
        ("What is the plan?", []),
    ],
)
def test_speakers_are_named_by_full_or_unmistakable_first_name(question: str, named: list[str]) -> None:
    sentences = [
        *spoken("We will see about that.", speaker="Maria Silva"),
        *spoken("I agree with the plan.", speaker="Project Manager"),
        *spoken("So do I.", speaker="Will Park"),
    ]
    assert named_speakers(question, sentences) == named


def test_the_named_speakers_own_words_come_first() -> None:
    sentences = spoken("The price should be twenty euros then.", speaker="Ana") + spoken(
        "The price should be thirty euros then.", speaker="Ben"
    )
    plan = make_plan("What price did Ben want?")
    assert int(np.argmax(fitness(plan, sentences, scored(plan.question, sentences)))) == 1


def test_an_agenda_uses_the_words_but_does_not_answer() -> None:
    announced = spoken("Today we will discuss the battery life of the sensor.")
    told = spoken("The battery life of the sensor is three years.", video_id="w")
    plan = make_plan("battery life of the sensor")
    fit = fitness(plan, announced + told, scored(plan.question, announced + told))
    assert fit[1] > fit[0]


# --- choosing ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Entropy is the average surprise of a source.", True),
        ("The entropy of a source measures its average surprise.", True),
        ("This is called entropy.", True),
        ("Entropy, Shannon found, comes up everywhere.", False),
        ("Codes come close to the entropy of a source.", False),
        ("Entropy is another great example.", False),
        ("So entropy is basically a number of bits.", True),
    ],
)
def test_definitions_are_recognised(text: str, expected: bool) -> None:
    names = names_asked(make_plan("When does the speaker define entropy?"))
    assert (definition(text, names) >= DEFINES) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Yeah, okay.", False),
        ("Does anybody know what the budget is?", False),
        ("The budget is nine thousand euros.", True),
        ("“Is that really the whole of the budget?”", False),
    ],
)
def test_interjections_and_questions_do_not_answer(text: str, expected: bool) -> None:
    assert readable(spoken(text)[0], len(analyse(text, None))) is expected


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("When will the fork happen?", False),
        ("How much should the fork cost?", False),
        ("How many forks are there?", False),
        ("What do they say about the fork?", True),
        ("Why is the fork hard?", True),
    ],
)
def test_where_no_day_or_price_is_named_none_is_told(question: str, found: bool) -> None:
    talk = spoken(
        "The fork is hard to do.", "We talk about the fork and its clients.", "The fork is what all want."
    )
    ranking = rank(
        make_plan(question), talk, scored(question, talk), model=replace(WITH_VECTORS, threshold=0.0)
    )
    assert ranking is not None
    assert (ranking.found and not ranking.as_said) is found


@pytest.mark.parametrize("said", ["It is after the audits are done.", "That is on the third of May."])
def test_a_day_named_beside_the_words_is_told(said: str) -> None:
    talk = spoken("The fork will happen, that is what all want.", said, "The fork is hard.")
    plan = make_plan("When will the fork happen?")
    ranking = rank(plan, talk, scored(plan.question, talk), model=replace(WITH_VECTORS, threshold=0.0))
    assert ranking is not None
    assert (ranking.found, ranking.as_said) == (True, False)


def test_a_fact_is_no_sentence_that_tells_nothing_by_itself() -> None:
    sentences = spoken(
        "A company in Eindhoven made the first remote control.",
        "Then this is an option.",
        "Because I think that's one of the ones.",
    )
    plan = make_plan("Which company made the remote control?")
    fit = fitness(plan, sentences, scored(plan.question, sentences))
    assert np.isfinite(fit).tolist() == [True, False, False]


def test_slides_may_be_terse() -> None:
    assert readable(Passage(1, "v", "screen", 0, 9, "E = mc²"), 2)


def test_the_same_thing_said_twice_is_claimed_once() -> None:
    sentences = spoken(
        "The budget is nine thousand euros.",
        "So the budget is nine thousand euros.",
        "The budget pays for the new telescope mirror.",
    )
    plan = make_plan("What did they say about the budget?")
    ranking = rank(plan, sentences, scored(plan.question, sentences))
    assert ranking is not None
    chosen = choose(sentences, ranking)
    assert len(chosen) == 2
    assert overlap(chosen[0].text, chosen[1].text) < 0.6


def test_a_place_where_much_is_said_beats_a_lonely_mention() -> None:
    place = spoken(*["The telescope mirror is polished with cerium oxide by hand."] * 4)
    lonely = spoken("The telescope mirror is polished with cerium oxide by hand.", video_id="w")
    plan = make_plan("How is the telescope mirror polished?")
    ranking = rank(plan, lonely + place, scored(plan.question, lonely + place))
    assert ranking is not None
    assert (lonely + place)[ranking.order[0]].video_id == "v"


def test_a_question_about_a_fact_gets_no_filler() -> None:
    sentences = spoken(
        "The budget of the telescope is nine thousand euros.",
        "We all liked the weather on the mountain.",
        "The dinner was late and rather cold.",
    )
    plan = make_plan("What is the budget of the telescope?")
    ranking = rank(plan, sentences, scored(plan.question, sentences))
    assert ranking is not None
    assert choose(sentences, ranking) == sentences[:1]


def test_what_cannot_be_quoted_is_never_chosen() -> None:
    sentences = spoken(
        "Is the budget nine thousand euros in all?", "The budget is nine thousand euros.", "Budget!"
    )
    for question in ("What is the budget?", "What did they say about the budget?"):
        ranking = rank(make_plan(question), sentences, scored(question, sentences))
        assert ranking is not None
        assert ranking.order.tolist() == [1]


def test_nothing_to_quote_ranks_nothing() -> None:
    sentences = spoken("Okay.", "Is it?")
    plan = make_plan("What is the budget?")
    assert rank(plan, sentences, scored(plan.question, sentences)) is None


# --- is it in here at all ----------------------------------------------------------------------------------


def test_probability_is_the_logistic_of_the_weighted_sum_and_never_overflows() -> None:
    model = Logistic(-1.0, (2.0, 0.0, 0.0, 0.0, 0.0))
    assert model.probability(Features(0.5, 0, 0, 0, 0)) == pytest.approx(0.5)
    assert Logistic(-2000.0, (0.0,) * 5).probability(Features(0, 0, 0, 0, 0)) == 0
    assert Logistic(2000.0, (0.0,) * 5).probability(Features(0, 0, 0, 0, 0)) == 1


def test_inside_one_named_video_an_answer_is_expected_sooner() -> None:
    anywhere, inside = model_for(True, Scope()), model_for(True, Scope(video_ids=frozenset({"v"})))
    assert inside.threshold < anywhere.threshold
    assert inside.weights == anywhere.weights
    assert model_for(True, Scope(video_ids=frozenset({"v", "w"}))) == anywhere
    assert model_for(False, Scope()) is WORDS_ONLY


SURE = Logistic(9.0, (0.0,) * 5)
KEYS = "The spare keys hang in the pilot house behind the radar."
LOT = "Visitors park on the gravel lot beside the crane."
MOWER = "Abdul looks after the mower, ask him before you borrow it."


def alike(question: str, sentences: list[Passage], cosines: list[float]) -> Scores:
    """Scores with these cosines; no word of the question is rare where it is said."""
    plan = make_plan(question)
    said = [analyse(sentence.text, plan.language) for sentence in sentences]
    known = {term.text: 9 if any(term.text in each for each in said) else 0 for term in plan.terms}
    vectors = np.array([[c, np.sqrt(1 - c * c)] for c in cosines], np.float32)
    asked = np.array([[1.0, 0.0]], np.float32)
    return score(plan, sentences, [], 100, known, asked, vectors, said)


@pytest.mark.parametrize(
    ("question", "said", "cosines", "told"),
    [
        # Everything is somewhere: a place without a word of the question is another thing's, unless it means the same.
        ("Where are the lifejackets kept?", (KEYS, LOT), [0.35, 0.3], None),
        ("Where are the lifejackets kept?", ("The buoyancy aids lie in the locker.", LOT), [0.55, 0.3], 0),
        ("Where does the spare radio hang?", (KEYS, LOT), [0.35, 0.3], 0),
        # What has the words comes before another thing's place.
        (
            "Where is the lawn mower?",
            ("The hives have moved to the meadow behind it.", MOWER),
            [0.25, 0.56],
            1,
        ),
        # A pilot house is no pilot.
        ("Who is the pilot?", (KEYS, LOT), [0.39, 0.1], None),
        ("Who is the harbour master?", ("We open the first harbour board of the year.",), [0.5], None),
        ("Who is the pilot?", ("our pilot is a neighbour from the ferry.", LOT), [0.5, 0.1], 0),
        ("Who is the pilot?", ("so the pilot is still greta olsen then.", LOT), [0.5, 0.1], 0),
        ("Who is the pilot?", ("Since Monday we have Greta Olsen as a pilot.", LOT), [0.5, 0.1], 0),
        # The price of something else.
        ("How much does the taxi cost?", ("For the shirts we ask fifteen euros.", LOT), [0.3, 0.1], None),
    ],
)
def test_another_things_place_name_or_price_is_no_answer(
    question: str, said: tuple[str, ...], cosines: list[float], told: int | None
) -> None:
    sentences = spoken(*said)
    ranking = rank(make_plan(question), sentences, alike(question, sentences, cosines), model=SURE)
    assert ranking is not None
    assert (sentences.index(choose(sentences, ranking)[0]) if ranking.found else None) == told


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("Damit schließe ich die Sitzung, kommt gut nach Hause.", False),
        ("Das neue Krankenhaus steht am Stadtrand.", True),
        ("Das Kreiskrankenhaus steht am Stadtrand.", True),
    ],
)
def test_a_part_of_what_is_asked_for_is_not_it(said: str, found: bool) -> None:
    cues = [Utterance(0, 5, "Wir beginnen nun mit der Sitzung."), Utterance(6, 11, said)]
    answer = SmallLibrary([SmallVideo("v", "Rat", cues)], encoder=False).ask("Wo liegt das Krankenhaus?")
    assert answer.found is found


def test_more_similar_evidence_is_more_likely_an_answer() -> None:
    weak, strong = (Features(s, s, s, s, 5.8) for s in (0.25, 0.65))
    assert WITH_VECTORS.probability(weak) < 0.1
    assert WITH_VECTORS.probability(strong) > 0.9


# --- evidence ----------------------------------------------------------------------------------------------


def moment(start_s: float, end_s: float, *evidence: Passage) -> Moment:
    return Moment("v", "V", "v.mp4", start_s, end_s, 1.0, "event", evidence)


def read(library: SmallLibrary, *moments: Moment, scope: Scope = EVERYTHING) -> list[Passage]:
    with library.view(scope) as view:
        return around(view, moments)


def on_codes(count: int, screen: list[ScreenText], sounds: list[Sound]) -> SmallLibrary:
    cues = [
        Utterance(10.0 * i, 10.0 * i + 10, f"Sentence number {i} is about codes.", "Ann" if i % 2 else "Ben")
        for i in range(count)
    ]
    return SmallLibrary([SmallVideo("v", "V", cues, screen, sounds=sounds)])


@pytest.mark.parametrize("scope", [Scope(speaker="ANN"), Scope(from_s=255.0, to_s=300.0)])
def test_a_scope_leaves_out_of_the_surroundings_what_it_does_not_admit_and_builds_nothing_anew(
    scope: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = on_codes(60, [ScreenText(290, 310, "Codes", (0, 0, 1, 1))], [])
    asked = [moment(300, 310), moment(305, 320)]
    whole = read(library, *asked)
    monkeypatch.setattr(timeline, "make_timeline", None)  # calling it would raise
    found = read(library, *asked, scope=scope)
    assert found == [each for each in whole if scope.admits(each)]
    assert 0 < len(found) < len(whole)


def test_overlapping_moments_give_each_sentence_once_and_whole_and_slides_after_speech() -> None:
    library = on_codes(60, [ScreenText(290, 310, "Codes", (0, 0, 1, 1))], [])
    sentences = read(library, moment(300, 310), moment(305, 320))
    assert [s.text for s in sentences[:-1]] == [f"Sentence number {n} is about codes." for n in range(26, 36)]
    assert (sentences[-1].text, sentences[-1].kind) == ("Codes", "screen")
    assert all(library.passage(s.text) == s for s in sentences)


def test_a_long_moment_is_read_only_where_its_evidence_is() -> None:
    library = on_codes(100, [], [])
    hit = library.passage("number 50 ")
    assert [s.start_s for s in read(library, moment(0, 1000, hit))] == [460.0 + 10 * n for n in range(9)]
    assert len(read(library, moment(0, 1000))) == 100


def test_what_is_read_around_a_moment_stays_within_the_scope() -> None:
    library = on_codes(60, [ScreenText(290, 310, "Codes", (0, 0, 1, 1))], [Sound(300, 302, "Applause")])
    heard = library.passage("clapping")
    wide = read(library, moment(300, 310, heard))
    assert heard in wide
    late = read(library, moment(300, 310, heard), scope=Scope(from_s=310.0))
    assert [s.start_s for s in late if s.kind == "speech"] == [310.0, 320.0, 330.0, 340.0]
    hers = read(library, moment(300, 310, heard), scope=Scope(speaker="ann"))
    assert [(s.start_s, s.speaker) for s in hers] == [(at, "Ann") for at in (270.0, 290.0, 310.0, 330.0)]


def test_overlapping_and_zero_length_cues_make_sentences() -> None:
    cues = [Utterance(5, 5, "At once.", "A"), Utterance(4, 9, "Over it.", "A"), Utterance(4, 9, "", "A")]
    assert [(s.text, s.start_s, s.end_s) for s, _ in speech_passages("v", cues)] == [
        ("Over it.", 4, 9),
        ("At once.", 5, 5),
    ]


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("What did she think of red when discussing the design?", 2),
        ("What changed in terms of price?", 2),
        ("When does she define entropy?", 1),
        ("when does she define entropy?", 1),
        ("Who said when?", 1),
    ],
)
def test_a_circumstance_is_what_follows_inside_the_question(question: str, parts: int) -> None:
    assert len(question_parts(question)) == parts
    assert question_parts(question)[0] == question


def test_the_circumstance_is_compared_with_what_is_said_near() -> None:
    question = "Why red when discussing the design?"
    sentences = spoken("The design is on the agenda now.") + spoken("Red sells best today.", video_id="w")
    whole, circumstance = np.array([0.6, 0.8]), np.array([0.0, 1.0])
    vectors = np.array([[0.0, 1.0], [1.0, 0.0]])
    terms = [analyse(sentence.text, None) for sentence in sentences]
    scores = score(make_plan(question), sentences, [], 2, {}, np.stack([whole, circumstance]), vectors, terms)
    assert scores.circumstance_near[0] > scores.circumstance_near[1]
    alone = score(make_plan(question), sentences, [], 2, {}, whole[None], vectors, terms)
    assert not alone.circumstance_near.any()


# --- what kind of thing is asked for --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("When is the launch?", "time"),
        ("On which day do they meet?", "time"),
        ("When does the speaker define momentum?", None),  # a place in the video
        ("How long was the outage?", "duration"),
        ("How many rows were affected?", "amount"),
        ("How much does a good bow cost?", "money"),
        ("How much is the bow?", "money"),
        ("How much flour is left?", "amount"),
        ("Why did it fail?", "reason"),
        ("Who renews the certificate?", "person"),
        ("Where is the runbook?", "place"),
        ("Where is mitosis explained?", None),
        ("What is a caldera?", None),
        ("What does HTLC stand for?", "expansion"),
        ("Which version mends it?", "version"),
        ("What is the deadline for the proposal?", "time"),
        ("What's the release date of it?", "time"),
        ("What share of the calls failed?", "amount"),
        ("Wie viele Zeilen waren betroffen?", "amount"),
        ("Pourquoi la pompe est-elle tombée en panne ?", "reason"),
        ("¿Cuándo es la reunión?", "time"),
    ],
)
def test_what_kind_of_thing_is_asked_for(question: str, kind: str | None) -> None:
    assert asked_for(question) == kind


@pytest.mark.parametrize(
    ("question", "names", "does_not"),
    [
        (
            "When is the launch?",
            "Then we move the launch to March the 17th.",
            "Second point: the launch date.",
        ),
        ("How long was the outage?", "We were down for about three hours.", "The outage was on Sunday."),
        ("How fast is it?", "It reaches 700 kilometres per hour.", "It is a cloud of hot gas."),
        ("Why did it fail?", "It failed because the disk was full.", "The installer still fails on Windows."),
        ("Who wrote two letters?", "From there Pliny watched it.", "Two letters were written about it."),
        (
            "How many of the 12 rows failed?",
            "Only 3 failed.",
            "Of the 12 rows some failed.",
        ),  # not what is asked
        ("Wie lange dauert es?", "Das dauert etwa zwei Stunden.", "Das dauert."),
        ("What does CPU stand for?", "It is the central processing unit.", "Let me say what CPU stands for."),
        ("What is API short for?", "API stands for a programming thing.", "An API is what we call."),
        ("What does IT stand for?", "It stands for information technology.", "I think so."),
        ("What does HTLC stand for in BOLT?", "A hash time lock contract.", "A contract."),
        ("Which version mends it?", "It is mended in 2.4.1.", "The next version mends it."),
        ("How many failed?", "Three did.", "See RFC-9110."),
        ("How many failed?", "There was one.", "One of the things that no one likes is this one."),
        (
            "How much is the membership?",
            "Each month we pay twelve euros.",
            "The membership is for all twelve of us.",
        ),
        (
            "What is the fee for the course?",
            "It is a hundred dollars each.",
            "The fee for the course is due soon.",
        ),
        ("What is the rent?", "We give them three hundred pounds.", "The rent is a matter for three of us."),
        ("How much is the bow?", "I gave 1500 for it.", "The shop was founded in 1911."),
    ],
)
def test_a_sentence_names_what_is_asked_for(question: str, names: str, does_not: str) -> None:
    yes, no = names_expected(question, spoken(names, does_not))
    assert yes > no == 0


@pytest.mark.parametrize(
    ("question", "nearer", "farther"),
    [
        (
            "How many channels are there?",
            "There are 70,000 public channels.",
            "Two billion people want channels.",
        ),
        ("How many megabytes fit?", "It is full at 300 megabytes.", "There are two caches."),
        (
            "When is the next meeting?",
            "We've got another one in thirty minutes.",
            "We can think when we go away.",
        ),
        ("When is the launch?", "Half an hour ago.", "First of all, I'm Laura."),
        ("How much is the membership?", "Each month we pay twelve euros.", "A new board costs thirty euros."),
        ("What is the salary?", "She gets 4,000 euros per month.", "The desk was 400 euros."),
        ("When is the launch?", "Three weeks from now.", "There are 8282 of them."),
        ("Who sends the plan?", "I will send the plan.", "I haven't heard of it."),
        ("Who is the project manager?", "I'm the project manager.", "As I showed, there's a project folder."),
    ],
)
def test_a_number_of_what_is_counted_and_who_does_it_are_likelier_meant(
    question: str, nearer: str, farther: str
) -> None:
    yes, no = names_expected(question, spoken(nearer, farther, speaker="Ada"))
    assert yes > no


def test_who_asks_for_the_next_meeting_hears_no_agenda_in_it_and_looks_for_a_meeting() -> None:
    question = "When is the next meeting?"
    assert [term.word for term in make_plan(question).terms] == ["next", "meeting"]
    assert [term.word for term in make_plan("When did the last meeting mention Oslo?").terms] == [
        "last",
        "Oslo",
    ]
    told = spoken(
        "To wrap up: the next meeting starts in half an hour.", "Then we talk about the next meeting."
    )
    assert scored(question, told[:1]).announcing == [0]
    assert scored(question, told[1:]).announcing == [1]


@pytest.mark.parametrize("question", ["What is entropy?", "How many bits is it?"])
def test_who_asks_the_same_again_answers_nothing(question: str) -> None:
    talk = spoken("Maybe we explain a little what entropy is.", "Entropy is a number of bits.")
    assert only_opens(question, talk, np.array([0, 1.0])).tolist() == [1, 0]


def test_what_follows_a_like_question_answers_it_however_short() -> None:
    talk = spoken(
        "Two tables failed, because they held dates with the year zero.",
        "How many rows were affected?",
        "About 1,200.",
        "I wrote a small script that sets those dates to null.",
    )
    assert first("How many rows were affected?", talk) == "About 1,200."


def test_a_bare_why_asks_of_what_was_said_before_it() -> None:
    talk = spoken("The error rate is high.", "Why is that?", "It waits too long.", "Next, the holidays.")
    alike = np.array([0.9, 0.1, 0.1, 0.0])
    follows = follows_question("Why is the error rate high?", talk, alike, np.ones(4))
    assert follows[2] > 0.7 > follows[0] == follows[1] == 0
    assert not follows_question(
        "How many are there?", talk, alike, np.ones(4)
    ).any()  # another kind of question


@pytest.mark.parametrize(
    "text",
    ["Second point: the launch date.", "Let's go through the release.", "On the agenda are three talks."],
)
def test_what_announces_a_subject_is_told(text: str) -> None:
    talk = spoken(text, "The launch is on Friday.")
    assert only_opens("When is the launch?", talk, np.array([0, 1.0])).tolist() == [1, 0]
    assert not only_opens("Is there anything on the launch?", talk, np.zeros(2)).any()


def test_a_heading_on_screen_answers_nothing() -> None:
    plan = make_plan("How does binary search work?")
    lines = [
        Passage(1, "v", "screen", 0, 9, "The idea of binary search"),
        Passage(2, "v", "screen", 0, 9, "compare: middle < wanted"),
        Passage(3, "v", "speech", 0, 9, "Binary search halves the sorted list with every step."),
    ]
    fit = fitness(plan, lines, scored(plan.question, lines))
    assert not np.isfinite(fit[0])
    assert np.isfinite(fit[1:]).all()


def first(question: str, sentences: list[Passage]) -> str:
    ranking = rank(make_plan(question), sentences, scored(question, sentences), model=Logistic(9, (0,) * 5))
    assert ranking is not None
    return choose(sentences, ranking)[0].text


@pytest.mark.parametrize(
    ("question", "text", "begins"),
    [
        ("What is photosynthesis?", "Photosynthesis turns light into sugar.", True),
        ("what's a watch-tower", "So, a watch-tower looks for old states.", True),
        ("What is gradient descent?", "Stochastic gradient descent estimates it from a mini-batch.", False),
        ("What is momentum?", "Momentum as used here.", False),
        ("What is the pump for?", "The pump moves water.", False),
    ],
)
def test_who_asks_what_a_thing_is_hears_what_it_does(question: str, text: str, begins: bool) -> None:
    assert begins_with_subject(text, question) is begins


def test_what_is_on_a_slide_is_answered_by_its_lines() -> None:
    talk = [
        Passage(1, "v", "screen", 0, 9, "The gradient of a loss"),
        Passage(2, "v", "screen", 9, 20, "Momentum"),
        Passage(3, "v", "screen", 9, 20, "7"),
        Passage(4, "v", "screen", 9, 20, "A running average of gradients"),
        Passage(5, "v", "speech", 9, 14, "Momentum keeps a running average of past gradients."),
    ]

    def claims(question: str) -> list[str]:
        plan = make_plan(question)
        ranking = rank(plan, talk, scored(question, talk), model=Logistic(9, (0,) * 5))
        assert ranking is not None
        return [passage.text for passage in choose(talk, ranking)]

    assert claims("What is shown on the slide about momentum?") == [
        "Momentum",
        "A running average of gradients",
    ]
    assert claims("What does momentum keep?") == ["Momentum keeps a running average of past gradients."]


def test_a_label_in_a_drawing_defines_nothing_and_a_colon_does() -> None:
    names = names_asked(make_plan("What is an epoch?"))
    assert definition("Epoch: one pass over the training set", names) >= DEFINES
    assert definition("500 steps in an epoch full batch", names) == 0
