"""Titles and summaries read well: no hesitations, no back-channel, the words that tell one part from the others."""

from __future__ import annotations

import pytest

from longvid_indexer.structure import build_structure
from longvid_indexer.structuring.announced import announced
from longvid_indexer.structuring.describe import Describer, slide_titles
from longvid_indexer.structuring.keyphrases import PhraseIndex
from longvid_indexer.structuring.spoken import SpokenSentence, readable, spoken
from longvid_indexer.structuring.words import content_words, stem, tokens, without_fillers
from longvid_storage.types import ScreenText, Slide, Utterance, VideoInfo
from passage_tools import passages_of


def sentences_of(said: list[Utterance]) -> list[SpokenSentence]:
    return spoken(passages_of(said), {})


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("Um, so, uh we want the the remote to be cheap.", "We want the remote to be cheap."),
        ("Yeah, okay. I think that price matters", "Price matters"),
        ("We l learn to w want it", "We learn to want it"),
        (
            "It's in the design phase it's in the design phase that we draw.",
            "It's in the design phase that we draw.",
        ),
        ("[Music] Hello <i>there</i> ♪", "Hello there"),
        ("It has a T_V_ and an L_C_D_ screen.", "It has a TV and an LCD screen."),
        ("Umbrella errors remain ahead.", "Umbrella errors remain ahead."),
        ("Mm-hmm.", ""),
        ("Uh-huh, yeah.", ""),
        ("Das ist äh die Lösung.", "Das ist die Lösung."),
        ("学习率很重要。", "学习率很重要。"),
        ("So numpy.linalg is gone.", "numpy.linalg is gone."),
        ("and max_retries is five", "max_retries is five"),
        ("well iPads aren't allowed", "iPads aren't allowed"),
        ("we'll see", "We'll see"),
    ],
)
def test_readable(said: str, read: str) -> None:
    assert readable(said) == read


def test_a_word_of_its_own_is_no_fragment() -> None:
    assert without_fillers("we go on only so some do done") == "we go on only so some do done"
    assert without_fillers("a std::vector, , grows") == "a std::vector, grows"


def test_tokens_of_other_scripts() -> None:
    assert tokens("学习率 is C++ e-mail") == ("学习率", "is", "c++", "e-mail")
    assert content_words("Die Lösung und der Preis") == ["lösung", "preis"]
    assert content_words("مرحبا بكم") == ["مرحبا", "بكم"]
    assert stem("disclosures") == stem("disclosure")


def test_back_channel_is_no_sentence_and_interruptions_part_none() -> None:
    said = [
        Utterance(0, 2, "The agenda was sent round to all", "Ann"),
        Utterance(1.5, 2.2, "Mm-hmm.", "Bo"),
        Utterance(2, 3, "of you. Um, it has three points.", "Ann"),
    ]
    sentences = sentences_of(said)
    assert [s.text for s in sentences] == ["The agenda was sent round to all of you.", "It has three points."]
    assert [(s.passage.start_s, s.passage.end_s) for s in sentences] == [(0, 3), (2, 3)]
    assert [s.complete for s in sentences] == [True, True]
    assert sentences[0].fluency > sentences[1].fluency


def test_phrases_contrast_spans() -> None:
    remote = "We talk about the remote control and its"
    index = PhraseIndex.of(
        [
            [
                f"{remote} battery life.",
                "Battery life is long, says the remote control team.",
                "Battery life again.",
            ],
            [
                f"{remote} selling price.",
                "The selling price is in Euro.",
                "A selling price of the remote control.",
            ],
        ]
    )
    assert index.best(0, 3)[0].text == "battery life"
    assert index.best(1, 3)[0].text == "selling price"


def test_phrases_of_longer_spans_are_those_of_their_parts() -> None:
    parts = [
        ["The pump of the plant leaks.", "Pumps leak in winter."],
        [],
        ["The Winch pulls the old pump.", "The winch pulls cable after cable."],
        ["We keep the harbour crane, the harbour crane."],
    ]
    joined = PhraseIndex.of(parts).joined([2, 1, 1])
    told = PhraseIndex.of([parts[0] + parts[1], parts[2], parts[3]])
    assert [joined.best(i, 99) for i in range(3)] == [told.best(i, 99) for i in range(3)]
    assert joined.best(2, 1)[0].text == "harbour crane"


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("in the design phase in the design phase we look", "in the design phase we look"),
        ("That's that's what I don't don't know", "That's what I don't know"),
        ("the the plan of the plan", "the plan of the plan"),
        ("the dogs' 'cats' of dogs dogs", "the dogs' 'cats' of dogs"),
    ],
)
def test_restarts(said: str, left: str) -> None:
    assert without_fillers(said) == left


def test_phrases_keep_names_and_inner_words() -> None:
    index = PhraseIndex.of(
        [
            [
                "The quality of service in Bitcoin.",
                "Quality of service costs.",
                "Mining Bitcoin needs quality of service.",
            ]
        ]
    )
    texts = [phrase.text for phrase in index.best(0, 9)]
    assert texts[0] == "quality of service"
    assert "Bitcoin" in texts


def test_a_word_that_follows_no_article_is_no_title() -> None:
    said = ["Posted the plan.", "They posted the plan.", "I posted it.", "Posted to the list of the plan."]
    best = {phrase.text: phrase.weak for phrase in PhraseIndex.of([said]).best(0, 9)}
    assert best == {"plan": False, "posted": True}


def info_of(duration_s: float) -> VideoInfo:
    return VideoInfo("id", "T", duration_s, True, True)


def test_the_opening_question_names_what_follows() -> None:
    said = [
        Utterance(0, 5, "How do you get funded as a developer?", "Host"),
        Utterance(
            5, 20, "Developers are funded by grants. Funded developers write code, and grants help.", "Guest"
        ),
        Utterance(20, 35, "There are many grants for developers. Being funded matters.", "Guest"),
    ]
    describer = Describer(sentences_of(said), ())
    whole = [(0.0, 40.0)]
    assert describer.titles(whole, describer.phrases(whole)) == ["How do you get funded as a developer?"]


def test_slides_name_scenes_and_the_tallest_line_is_the_heading() -> None:
    slides = [Slide(0, 50, 5), Slide(50, 90, 60, "Given title")]
    lines = [
        ScreenText(0, 50, "Gradient descent", (0.1, 0.05, 0.6, 0.15)),
        ScreenText(0, 50, "small text about the rate", (0.1, 0.2, 0.6, 0.24)),
        ScreenText(0, 50, "FOOTER IN BIG", (0.1, 0.8, 0.9, 0.99)),
    ]
    assert [t.text for t in slide_titles(slides, lines)] == ["Gradient descent", "Given title"]
    segments = build_structure(info_of(90), (), (), slides, lines)
    assert [s.title for s in segments if s.level == "scene"] == ["Gradient descent", "Given title"]
    assert segments[0].summary == "Gradient descent; Given title"


def test_formulas_and_margins_are_no_headings() -> None:
    slides = [Slide(0, 50, 5), Slide(50, 90, 60, "I The code"), Slide(90, 120, 95, "I Have a Dream")]
    lines = [
        ScreenText(0, 50, "w ← w - η· ∇L(w)", (0.1, 0.2, 0.6, 0.35)),
        ScreenText(0, 50, "The update rule", (0.1, 0.05, 0.6, 0.12)),
    ]
    assert [t.text for t in slide_titles(slides, lines)] == ["The update rule", "The code", "I Have a Dream"]


def test_where_nobody_set_a_full_stop_every_part_counts_as_complete() -> None:
    said = [Utterance(i * 5.0, i * 5.0 + 4.5, f"the list number {i} must be sorted") for i in range(4)]
    assert [s.complete for s in sentences_of(said)] == [True] * 4
    close = [
        Utterance(i * 5.0, i * 5.0 + 4.9, f"the list number {i} must be sorted by its name") for i in range(9)
    ]
    lengths = [s.length for s in sentences_of(close)]
    assert sum(lengths) == 90
    assert {length % 10 for length in lengths} == {0}, "the words tell where sentences end"
    assert max(lengths) <= 30
    ended = [
        Utterance(i * 5.0, i * 5.0 + 4.5, f"Item {i} must be sorted{'.' * (i != 2)}", "AB"[i % 2])
        for i in range(4)
    ]
    assert [s.complete for s in sentences_of(ended)] == [True, True, False, True]


def test_summary_takes_what_the_part_is_about_not_the_chatter() -> None:
    said = [
        Utterance(0, 2, "Okay."),
        Utterance(2, 6, "Um, you know what I mean, right?"),
        Utterance(6, 12, "The learning rate decides how far each step of gradient descent goes."),
        Utterance(12, 18, "A learning rate that is too large makes gradient descent diverge."),
        Utterance(18, 20, "Mm-hmm."),
        Utterance(20, 26, "Somebody left a bottle on the table over there yesterday."),
    ]
    summary, chosen = Describer(sentences_of(said), ()).summary((0, 30), "scene")
    assert summary is not None
    assert "learning rate" in summary
    assert [p.text for p in passages_of(said) if p.id in chosen] == [summary]


def test_summary_sentences_are_said_and_in_order() -> None:
    said = [
        Utterance(i * 5.0, i * 5.0 + 5, f"Point {w} concerns the {w} of our {v}.")
        for i, (w, v) in enumerate([("budget", "project"), ("schedule", "project"), ("battery", "remote")])
    ]
    segments = build_structure(info_of(15), passages_of(said), (), (), ())
    summary = segments[0].summary
    assert summary is not None
    places = [summary.index(u.text) for u in said if u.text in summary]
    assert len(places) >= 2
    assert places == sorted(places)


def test_chinese_gets_a_title_and_a_summary() -> None:
    said = [
        Utterance(i * 8.0, i * 8.0 + 7, "学习率决定梯度下降的步长。梯度下降需要合适的学习率。")
        for i in range(6)
    ]
    segments = build_structure(info_of(48), passages_of(said), (), (), ())
    event = next(s for s in segments if s.level == "event")
    assert event.summary is not None
    assert "学习率" in event.summary
    assert event.title


def test_backchannel_alone_gives_no_words() -> None:
    said = [Utterance(i * 3.0, i * 3.0 + 1, "Mm-hmm.") for i in range(5)]
    segments = build_structure(info_of(20), passages_of(said), (), (), ())
    assert {(s.title, s.summary) for s in segments if s.level in ("event", "scene")} == {(None, None)}


def test_titles_of_scripts_without_spaces_are_words_or_phrases_of_words() -> None:
    cooking = ["味噌汁の作り方を説明します。", "味噌汁の作り方は簡単です。", "昆布を水に浸します。"]
    cycling = ["自転車の修理を説明します。", "自転車の修理には工具を使います。", "タイヤを外します。"]
    japanese = PhraseIndex.of([cooking, cycling])
    assert japanese.best(0, 1)[0].text == "味噌汁の作り方"
    assert japanese.best(1, 1)[0].text == "自転車の修理"
    tomato = ["今天我们讲怎样种西红柿。", "西红柿喜欢阳光。", "西红柿变红就可以采摘了。"]
    tap = ["下面我们讲怎样修理水龙头。", "修理水龙头需要扳手。", "最后试水。"]
    chinese = PhraseIndex.of([tomato, tap])
    assert [chinese.best(at, 1)[0].text for at in (0, 1)] == ["西红柿", "水龙头"]
    assert "".join(tokens(tomato[1])) == "西红柿喜欢阳光"
    assert tokens("用扳手拧下螺母") == ("用", "扳手", "拧下", "螺母")  # where a verb leads is a part of it
    assert tokens("切开西红柿") == ("切开", "西红柿")
    assert "上海" in tokens("在上海工作")
    assert tokens("ต้มน้ำให้เดือดแล้วใส่กุ้ง") == ("ต้ม", "น้ำ", "ให้", "เดือด", "แล้ว", "ใส่", "กุ้ง")


@pytest.mark.parametrize(
    "words",
    [
        "取出 垫圈",
        "垫圈 坏 了 就 换 新 的",
        "果实 变 红 就 可以 采摘 了",
        "数据库 索引 可以 加快 查询",
        "客户 投诉 主要 是 物流 太 慢",
        "水泵 漏水 要 换 密封圈",
        "焊接 之前 先 除锈",
        "长江 是 中国 最长 的 河流",
        "今天 我們 討論 水泵 和 閥門 的 維護",
    ],
)
def test_chinese_is_cut_where_its_words_end(words: str) -> None:
    assert " ".join(tokens(words.replace(" ", ""))) == words


def test_a_count_of_chinese_is_no_title() -> None:
    assert content_words("每三天浇一次水") == ["浇", "水"]


@pytest.mark.parametrize(
    ("said", "subject"),
    [
        ("今天我们讲怎样种西红柿。", "种西红柿"),
        ("下面我们讲怎样修理水龙头。", "修理水龙头"),
        ("接下來我們討論水泵和閥門的維護。", "水泵和閥門的維護"),
        ("今日は味噌汁の作り方を説明します。", "味噌汁の作り方"),
        ("次は自転車の修理の話です。", "自転車の修理"),
        ("これから、学習率について話します。", "学習率"),
        ("오늘은 김치를 담그는 방법을 알려 드리겠습니다.", "김치를 담그는 방법"),
        ("다음은 학습률에 대해 이야기하겠습니다.", "학습률"),
        ("วันนี้เราจะเรียนทำต้มยำกุ้ง", "ทำต้มยำกุ้ง"),
        ("Сегодня мы говорим о ремонте крыши.", "О ремонте крыши"),
        ("اليوم نتحدث عن المضخات والصمامات.", "المضخات والصمامات"),
        ("次に豆腐を切ります。", None),
        ("今天很冷。", None),
        ("Сегодня холодно.", None),
        ("오늘은 배추를 씻습니다.", None),
    ],
)
def test_what_a_speaker_announces(said: str, subject: str | None) -> None:
    assert announced(said) == subject


def test_a_part_is_called_what_was_announced_at_its_beginning_or_right_before_it() -> None:
    texts = [
        "今日は味噌汁の作り方を説明します。",
        "豆腐を切ります。",
        "豆腐を入れます。",
        "次は自転車の修理の話です。",
        "チューブを見ます。",
        "チューブを替えます。",
    ]
    describer = Describer(
        sentences_of([Utterance(10.0 * n, 10.0 * n + 9, text) for n, text in enumerate(texts)]), ()
    )
    for edge in (30.0, 40.0):
        spans = [(0.0, edge), (edge, 60.0)]
        assert describer.titles(spans, describer.phrases(spans)) == ["味噌汁の作り方", "自転車の修理"]
