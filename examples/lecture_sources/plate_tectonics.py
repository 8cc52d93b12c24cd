"""Plate tectonics: dark slides whose points come in one after another. A .vtt lies beside the video."""

from __future__ import annotations

from math import sin

from lecture_sources.drawing import Canvas, Point, Rect, Slide, Theme

TITLE = "Plate tectonics"
THEME = Theme(
    paper="#12161d",
    ink="#e4e8ef",
    title="#ffd38a",
    accent="#ff7a45",
    second="#5cc8d7",
    panel="#1d2530",
    muted="#8592a6",
)
PANEL: Rect = (690, 160, 1216, 630)
ROCK, DARK_ROCK, SEA, HOT = "#8a6d4f", "#5d4a38", "#2b6c8f", "#ff7a45"


def _fit(c: Canvas) -> None:
    c.box(PANEL, c.theme.panel)
    c.box((704, 174, 1202, 616), "#16384a", radius=8)
    seam: list[Point] = [(x + 20 * sin(y / 31), y) for y in range(220, 580, 6) for x in (945,)]
    america = [(x - 26, y) for x, y in seam]
    africa = [(x + 26, y) for x, y in seam]
    c.shape([*america, (880, 596), (790, 470), (742, 330), (806, 236)], "#7a9a5a")
    c.shape([*africa, (1030, 600), (1130, 500), (1176, 350), (1120, 236)], "#c2a860")
    c.text((846, 384), "South", 24, "#14202a", anchor="mm", bold=True)
    c.text((846, 414), "America", 24, "#14202a", anchor="mm", bold=True)
    c.text((1070, 398), "Africa", 24, "#14202a", anchor="mm", bold=True)


def _boundaries(c: Canvas) -> None:
    c.box(PANEL, c.theme.panel)
    rows = (("divergent", 200), ("convergent", 350), ("transform", 500))
    for name, y in rows:
        c.text((953, y + 100), name, 22, c.theme.second, anchor="mm", bold=True)
    c.box((740, 210, 930, 270), ROCK, radius=4)
    c.box((976, 210, 1166, 270), ROCK, radius=4)
    c.shape([(930, 270), (976, 270), (953, 196)], HOT)
    c.arrow((850, 240), (780, 240), "#ffffff", 5)
    c.arrow((1056, 240), (1126, 240), "#ffffff", 5)
    c.shape([(740, 372), (940, 372), (1030, 432), (980, 432), (920, 408), (740, 408)], DARK_ROCK)
    c.shape([(950, 362), (1000, 336), (1040, 352), (1166, 352), (1166, 408), (1010, 408)], ROCK)
    c.arrow((780, 390), (850, 390), "#ffffff", 5)
    c.arrow((1130, 380), (1060, 380), "#ffffff", 5)
    c.shape([(780, 500), (1166, 500), (1136, 534), (750, 534)], ROCK)
    c.shape([(748, 538), (1134, 538), (1104, 572), (718, 572)], DARK_ROCK)
    c.arrow((920, 517), (1000, 517), "#ffffff", 5)
    c.arrow((960, 555), (880, 555), "#ffffff", 5)


def _section(c: Canvas) -> None:
    c.box((64, 150, 1216, 650), "#0d2231", radius=12)
    c.box((64, 470, 1216, 650), "#6b2d1e", radius=12)
    c.box((64, 450, 1216, 530), "#6b2d1e", radius=0)
    c.shape([(64, 290), (880, 290), (880, 430), (64, 430)], SEA)
    c.shape(
        [
            (64, 410),
            (230, 392),
            (290, 352),
            (350, 392),
            (840, 408),
            (990, 560),
            (940, 590),
            (800, 462),
            (64, 470),
        ],
        DARK_ROCK,
    )
    c.shape([(262, 470), (318, 470), (290, 356)], HOT)
    c.arrow((290, 560), (290, 486), HOT, 8)
    c.shape(
        [(848, 414), (880, 300), (920, 288), (960, 226), (1000, 290), (1216, 284), (1216, 470), (902, 472)],
        ROCK,
    )
    c.shape([(948, 244), (960, 226), (972, 244), (966, 470), (954, 470)], HOT)
    for x, y, r in ((958, 208, 12), (978, 190, 16), (1004, 172, 20)):
        c.disc((x, y), r, "#56616f")
    c.arrow((470, 436), (600, 438), "#ffffff", 5)
    c.arrow((180, 440), (110, 440), "#ffffff", 5)
    c.text((290, 326), "mid-ocean ridge", 24, "#ffffff", anchor="mm", bold=True)
    c.text((812, 384), "trench", 24, "#ffffff", anchor="rm", bold=True)
    c.text((1010, 232), "volcano", 24, "#ffffff", anchor="lm", bold=True)
    c.text((1108, 388), "continent", 24, "#ffffff", anchor="mm", bold=True)
    c.text((820, 600), "sinking plate", 24, "#ffffff", anchor="rm", bold=True)
    c.text((420, 598), "mantle", 24, "#f2c3a8", anchor="mm", bold=True)


def _speed(c: Canvas) -> None:
    c.box((64, 160, 1216, 320), c.theme.panel)
    c.text((640, 216), "distance = speed × time", 46, c.theme.title, anchor="mm", bold=True)
    c.text((640, 280), "5 cm/year × 1,000,000 years = 50 km", 34, c.theme.second, anchor="mm", bold=True)
    rows = (
        "Plates move 2 to 10 cm a year, as fast as fingernails grow",
        "Atlantic: 5,000 km wide, grows 2.5 cm a year",
        "5,000 km ÷ 2.5 cm a year = 200 million years",
    )
    for number, words in enumerate(rows):
        y = 390 + number * 70
        c.disc((76, y), 6, c.theme.accent)
        c.text((102, y), words, 28, anchor="lm")


def _quakes(c: Canvas) -> None:
    c.box(PANEL, c.theme.panel)
    c.text((953, 206), "energy released", 24, c.theme.muted, anchor="mm", bold=True)
    for x, radius, name in ((770, 9, "5.0"), (875, 50, "6.0")):
        c.disc((x, 540 - radius), radius, c.theme.accent)
        c.text((x, 580), name, 26, c.theme.ink, anchor="mm", bold=True)
    c.text((1060, 400), "× 32", 64, c.theme.second, anchor="mm", bold=True)
    c.text((1060, 460), "for each step", 24, c.theme.ink, anchor="mm")
    c.text((1060, 580), "magnitude", 24, c.theme.muted, anchor="mm")


SLIDES = (
    Slide(
        "Plate tectonics",
        (
            "The rigid outer shell of the Earth, the lithosphere, is broken into seven or eight large "
            "plates and "
            "many small ones.|The rigid outer shell of the Earth, the litho sphere, is broken into seven "
            "or eight "
            "large plates and many small ones.",
            "The plates ride on the asthenosphere, a hot, weak layer of the mantle that flows slowly.|The "
            "plates "
            "ride on the as theno sphere, a hot, weak layer of the mantle that flows slowly.",
        ),
        ("Why continents move and the ground shakes",),
        cover="The moving shell of the Earth",
    ),
    Slide(
        "The evidence",
        (
            "In 1912 Alfred Wegener proposed that the continents had once been joined.|In nineteen twelve "
            "Alfred "
            "Vegener proposed that the continents had once been joined.",
            "+First, the coastlines of South America and Africa fit together.",
            "+Second, fossils of the same reptile, Mesosaurus, are found on both sides of the "
            "Atlantic.|Second, "
            "fossils of the same reptile, meso saurus, are found on both sides of the Atlantic.",
            "+Third, magnetic stripes on the ocean floor, explained by Vine and Matthews in 1963, show "
            "that new "
            "crust forms at the ridges.|Third, magnetic stripes on the ocean floor, explained by Vine and "
            "Matthews in nineteen sixty three, show that new crust forms at the ridges.",
        ),
        (
            "Coastlines of South America and Africa fit",
            "Mesosaurus fossils on both sides of the Atlantic",
            "Magnetic stripes on the ocean floor (Vine and Matthews, 1963)",
        ),
        _fit,
    ),
    Slide(
        "Three kinds of boundary",
        (
            "Plates meet in three ways.",
            "+At a divergent boundary the plates move apart, and rising magma makes new crust, as at the "
            "Mid-Atlantic Ridge.",
            "+At a convergent boundary the plates collide, and the denser oceanic plate sinks under the "
            "other. "
            "This is called subduction.",
            "+At a transform boundary the plates slide past each other, as along the San Andreas Fault in "
            "California.",
        ),
        (
            "Divergent: plates move apart (Mid-Atlantic Ridge)",
            "Convergent: one plate sinks, called subduction",
            "Transform: plates slide past each other (San Andreas Fault)",
        ),
        _boundaries,
    ),
    Slide(
        "From the ridge to the trench",
        (
            "This picture shows a cut through the ocean floor.",
            "On the left, new ocean floor forms at the mid-ocean ridge.",
            "On the right, the old plate sinks at a deep trench, and water from it melts the mantle above "
            "and "
            "feeds volcanoes.",
            "The Mariana Trench in the Pacific is the deepest, at nearly 11 kilometres.|The Mariana Trench "
            "in "
            "the Pacific is the deepest, at nearly eleven kilometers.",
        ),
        (),
        _section,
    ),
    Slide(
        "How fast do plates move?",
        (
            "Plates move two to ten centimetres a year, about as fast as fingernails grow.|Plates move two "
            "to "
            "ten centimeters a year, about as fast as fingernails grow.",
            "At five centimetres a year, a plate travels 50 kilometres in a million years.|At five "
            "centimeters a "
            "year, a plate travels fifty kilometers in a million years.",
            "The Atlantic is about 5,000 kilometres wide and grows by 2.5 centimetres a year, so it needed "
            "about "
            "200 million years.|The Atlantic is about five thousand kilometers wide and grows by two and a "
            "half "
            "centimeters a year, so it needed about two hundred million years.",
        ),
        (),
        _speed,
    ),
    Slide(
        "Earthquakes",
        (
            "+While a fault is locked, stress builds up, and when it exceeds friction, the fault slips: "
            "that is "
            "an earthquake.",
            "+Each whole step of magnitude means about 32 times more energy.|Each whole step of magnitude "
            "means "
            "about thirty two times more energy.",
            "+The strongest earthquake ever measured struck Chile in 1960, with magnitude 9.5.|The strongest "
            "earthquake ever measured struck Chilly in nineteen sixty, with magnitude nine point five.",
            "+About 90 percent of all earthquakes happen around the Pacific, along the Ring of Fire.|About "
            "ninety "
            "percent of all earthquakes happen around the Pacific, along the Ring of Fire.",
        ),
        (
            "Stress exceeds friction: the fault slips",
            "One step of magnitude: 32 times the energy",
            "Strongest: Chile 1960, magnitude 9.5",
            "Ring of Fire: about 90% of earthquakes",
        ),
        _quakes,
    ),
    Slide(
        "What drives the plates?",
        (
            "What moves the plates?",
            "+The strongest force is thought to be slab pull: the weight of the cold, sinking plate drags "
            "the "
            "rest along.",
            "+Ridge push adds a little: the raised ridge slides outward under gravity.",
            "+Both are part of mantle convection, by which the Earth loses its heat.",
        ),
        (
            "Slab pull: the sinking plate drags the rest along",
            "Ridge push: the raised ridge slides outward",
            "Mantle convection: how the Earth loses its heat",
        ),
    ),
)
