"""Photosynthesis: light reactions and Calvin cycle. The subtitles are a track inside the video."""

from __future__ import annotations

from math import cos, exp, pi, sin

from lecture_sources.drawing import Canvas, Rect, Slide, Theme

TITLE = "Photosynthesis: from light to sugar"
THEME = Theme(
    paper="#ffffff",
    ink="#26332b",
    title="#1b5e37",
    accent="#6aa84f",
    second="#e0a100",
    panel="#eef5ea",
    muted="#7d8f82",
)
PANEL: Rect = (690, 160, 1216, 630)


def _equation(c: Canvas) -> None:
    c.box((64, 190, 1216, 380), c.theme.panel)
    c.text((640, 262), "6 CO₂ + 6 H₂O + light → C₆H₁₂O₆ + 6 O₂", 46, c.theme.title, anchor="mm", bold=True)
    names = ((255, "carbon dioxide"), (490, "water"), (868, "glucose"), (1106, "oxygen"))
    for x, name in names:
        c.text((x, 328), name, 23, c.theme.ink, anchor="mm")
    c.disc((76, 455), 6, c.theme.accent)
    c.text((102, 438), "Light energy becomes chemical energy in sugar", 27)
    c.disc((76, 519), 6, c.theme.accent)
    c.text((102, 502), "The oxygen comes from the water, not from the carbon dioxide", 27)


def _chloroplast(c: Canvas) -> None:
    c.box(PANEL, c.theme.panel)
    c.oval((730, 230, 1176, 560), "#b9dba4", c.theme.title, 5)
    c.oval((746, 246, 1160, 544), "#d3ebc3")
    for x, top, count in ((800, 330, 6), (905, 300, 8), (1010, 330, 6)):
        for layer in range(count):
            y = top + layer * 22
            c.box((x, y, x + 82, y + 16), "#4d8f3c", "#2f6326", 2, 8)
    c.line(((882, 366), (905, 366)), "#2f6326", 4)
    c.line(((987, 388), (1010, 388)), "#2f6326", 4)
    c.line(((946, 296), (946, 214)), c.theme.ink, 2)
    c.text((946, 196), "thylakoids", 22, c.theme.ink, anchor="mm", bold=True)
    c.line(((1090, 500), (1120, 586)), c.theme.ink, 2)
    c.text((1120, 602), "stroma", 22, c.theme.ink, anchor="mm", bold=True)
    c.line(((785, 500), (770, 586)), c.theme.ink, 2)
    c.text((790, 602), "membrane", 22, c.theme.ink, anchor="mm", bold=True)


def _spectrum(c: Canvas) -> None:
    c.box(PANEL, c.theme.panel)
    left, right, bottom, top = 740, 1170, 540, 220
    stops = (
        (400, "#6a2fb5"),
        (440, "#2f5fd0"),
        (490, "#21a7c9"),
        (530, "#3fae49"),
        (580, "#e4d033"),
        (620, "#ec8a2a"),
    )
    stops += ((700, "#c4302b"),)
    for (start, colour), (end, _) in zip(stops, (*stops[1:], (720, "")), strict=True):
        a, b = ((w - 400) / 320 * (right - left) + left for w in (start, end))
        c.box((a, bottom + 6, b, bottom + 26), colour, radius=0)

    def absorbed(nm: float) -> float:
        return 0.05 + 0.85 * exp(-(((nm - 430) / 22) ** 2)) + 0.62 * exp(-(((nm - 662) / 18) ** 2))

    at = c.curve((left, top, right, bottom), absorbed, c.theme.title, (400, 720), (0, 1))
    c.text((at(430)[0] + 34, at(430)[1] + 20), "430 nm", 22, c.theme.title, anchor="lm", bold=True)
    c.text((at(662)[0] - 26, at(662)[1] - 12), "662 nm", 22, c.theme.title, anchor="rm", bold=True)
    c.text((at(545)[0], at(545)[1] - 62), "green light:", 21, "#3f8f3f", anchor="mm", bold=True)
    c.text((at(545)[0], at(545)[1] - 34), "little absorbed", 21, "#3f8f3f", anchor="mm", bold=True)
    c.text((955, 592), "wavelength", 20, c.theme.muted, anchor="mm")
    c.text((726, 192), "light absorbed by chlorophyll a", 20, c.theme.muted, anchor="lm")


def _light(c: Canvas) -> None:
    c.box(PANEL, c.theme.panel)
    c.box((720, 360, 1186, 430), "#a8cf94", "#2f6326", 3, 14)
    c.text((953, 395), "thylakoid membrane", 24, c.theme.title, anchor="mm", bold=True)
    for angle in range(0, 360, 45):
        x, y = cos(angle * pi / 180), sin(angle * pi / 180)
        c.line(((800 + 44 * x, 230 + 44 * y), (800 + 60 * x, 230 + 60 * y)), c.theme.second, 5)
    c.disc((800, 230), 34, c.theme.second)
    c.arrow((822, 288), (852, 352), c.theme.second, 6)
    c.text((880, 232), "light", 24, c.theme.second, anchor="lm", bold=True)
    c.text((800, 560), "H₂O", 32, c.theme.ink, anchor="mm", bold=True)
    c.arrow((800, 530), (800, 440), c.theme.ink, 4)
    c.arrow((900, 440), (900, 530), c.theme.ink, 4)
    c.text((900, 560), "O₂", 32, c.theme.accent, anchor="mm", bold=True)
    c.arrow((1010, 352), (1040, 288), c.theme.ink, 4)
    c.text((1046, 256), "ATP", 32, c.theme.title, anchor="mm", bold=True)
    c.arrow((1110, 352), (1136, 318), c.theme.ink, 4)
    c.text((1142, 296), "NADPH", 26, c.theme.title, anchor="mm", bold=True)
    c.text((1060, 560), "water is split", 22, c.theme.muted, anchor="mm")


def _calvin(c: Canvas) -> None:
    c.box(PANEL, c.theme.panel)
    middle, radius = (953, 400), 128
    for start in (20, 140, 260):
        points = [
            (middle[0] + radius * cos(a * pi / 180), middle[1] + radius * sin(a * pi / 180))
            for a in range(start, start + 96, 4)
        ]
        c.line(points, c.theme.accent, 9)
        c.arrow(points[-2], points[-1], c.theme.accent, 9)
    c.text(middle, "Calvin cycle", 28, c.theme.title, anchor="mm", bold=True)
    c.text((953, 216), "3 CO₂", 28, c.theme.ink, anchor="mm", bold=True)
    c.arrow((953, 234), (953, 262), c.theme.ink, 4)
    c.text((760, 392), "9 ATP", 26, c.theme.second, anchor="mm", bold=True)
    c.text((760, 428), "6 NADPH", 24, c.theme.second, anchor="mm", bold=True)
    c.text((1152, 400), "RuBP", 26, c.theme.ink, anchor="mm", bold=True)
    c.arrow((953, 540), (953, 572), c.theme.ink, 4)
    c.text((953, 594), "1 G3P (sugar)", 26, c.theme.title, anchor="mm", bold=True)


def _limits(c: Canvas) -> None:
    c.box(PANEL, c.theme.panel)
    frame = (750, 220, 1170, 560)
    c.axes(frame, "light intensity", "rate")
    c.curve(frame, lambda x: 0.88 * (1 - exp(-4.5 * x)), c.theme.title)
    c.curve(frame, lambda x: 0.52 * (1 - exp(-7.5 * x)), c.theme.second)
    c.text((1166, 232), "more CO₂", 22, c.theme.title, anchor="rm", bold=True)
    c.text((1166, 412), "less CO₂", 22, c.theme.second, anchor="rm", bold=True)


SLIDES = (
    Slide(
        "Photosynthesis",
        (
            "Photosynthesis turns the energy of light into chemical energy stored in sugar.",
            "Plants, algae and cyanobacteria do it, and almost all life on Earth depends on it.|Plants, al "
            "jee "
            "and cyano bacteria do it, and almost all life on Earth depends on it.",
        ),
        ("Plants, algae, cyanobacteria",),
        cover="From light to sugar",
    ),
    Slide(
        "The overall equation",
        (
            "Six molecules of carbon dioxide and six molecules of water give one molecule of glucose and six "
            "molecules of oxygen.",
            "The oxygen that is released comes from the water, not from the carbon dioxide.",
        ),
        (),
        _equation,
    ),
    Slide(
        "Inside the chloroplast",
        (
            "In plants, photosynthesis happens in the chloroplasts, mostly in the cells of the leaves.",
            "Inside a chloroplast there are stacks of flat sacs called thylakoids.",
            "The fluid around the thylakoids is called the stroma.",
            "Chlorophyll, the green pigment, sits in the thylakoid membranes.",
        ),
        (
            "Chloroplasts: in the cells of leaves",
            "Thylakoids: stacks of flat sacs",
            "Stroma: the fluid around them",
            "Chlorophyll sits in the thylakoid membranes",
        ),
        _chloroplast,
    ),
    Slide(
        "Why leaves are green",
        (
            "Chlorophyll absorbs mainly blue light and red light.",
            "It reflects much of the green light, and that is why leaves look green.",
            "Chlorophyll a has its absorption peaks near 430 and 662 nanometres.|Chlorophyll A has its "
            "absorption peaks near four hundred thirty and six hundred sixty two nanometers.",
        ),
        ("Absorbs blue and red light", "Reflects green light", "Peaks of chlorophyll a: 430 nm and 662 nm"),
        _spectrum,
    ),
    Slide(
        "The light reactions",
        (
            "The light reactions take place in the thylakoid membranes.",
            "Light energy splits water into oxygen, protons and electrons.",
            "The electrons pass along a chain of proteins, which pumps protons into the thylakoid.",
            "The protons flow back through ATP synthase and make ATP, and the electrons end up in NADPH.|The "
            "protons flow back through A T P synthase and make A T P, and the electrons end up in N A D P H.",
        ),
        (
            "Where: thylakoid membranes",
            "Water is split into oxygen, protons and electrons",
            "Electron transport pumps protons",
            "Products: ATP, NADPH, oxygen",
        ),
        _light,
    ),
    Slide(
        "The Calvin cycle",
        (
            "The Calvin cycle takes place in the stroma.",
            "The enzyme rubisco attaches carbon dioxide to a sugar with five carbon atoms.",
            "Fixing three molecules of carbon dioxide costs nine ATP and six NADPH, and yields one "
            "molecule of a "
            "three carbon sugar.|Fixing three molecules of carbon dioxide costs nine A T P and six N A D P "
            "H, "
            "and yields one molecule of a three carbon sugar.",
            "The cycle needs no light itself, but it stops soon after dark, because ATP and NADPH run "
            "out.|The "
            "cycle needs no light itself, but it stops soon after dark, because A T P and N A D P H run out.",
        ),
        (
            "Where: the stroma",
            "Enzyme: rubisco",
            "3 CO₂ + 9 ATP + 6 NADPH → 1 G3P",
            "Stops soon after dark",
        ),
        _calvin,
    ),
    Slide(
        "What limits the rate",
        (
            "In weak light, more light makes photosynthesis faster.",
            "In strong light the rate levels off, because carbon dioxide becomes the limiting factor.",
            "Above about 40 degrees Celsius, the rate of most plants falls sharply, because their enzymes "
            "stop "
            "working well.",
        ),
        (
            "Weak light: light is the limit",
            "Strong light: carbon dioxide is the limit",
            "Above about 40 °C: enzymes fail",
        ),
        _limits,
    ),
    Slide(
        "Why it matters",
        (
            "Land plants take up roughly 120 billion tonnes of carbon every year.|Land plants take up "
            "roughly "
            "one hundred twenty billion tons of carbon every year.",
            "About half of all oxygen production on Earth happens in the ocean, by phytoplankton.|About "
            "half of "
            "all oxygen production on Earth happens in the ocean, by fie toe plankton.",
            "Remember: light reactions in the thylakoids, the Calvin cycle in the stroma.",
        ),
        (
            "Land plants: about 120 billion tonnes of carbon a year",
            "Ocean phytoplankton: about half of all oxygen production",
            "Light reactions: thylakoids",
            "Calvin cycle: stroma",
        ),
    ),
)
