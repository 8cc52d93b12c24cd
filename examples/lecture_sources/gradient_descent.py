"""Gradient descent: loss, gradient, learning rate. Subtitles lie beside the video."""

from __future__ import annotations

from math import cos

from lecture_sources.drawing import Canvas, Point, Rect, Slide, Theme

TITLE = "Gradient descent"
THEME = Theme(
    paper="#fbf8f2",
    ink="#2c2c34",
    title="#1d3557",
    accent="#e07a2f",
    second="#2a7f8e",
    panel="#f0e9dc",
    muted="#8d8678",
)
PANEL: Rect = (690, 160, 1216, 630)


def _fit(c: Canvas) -> None:
    c.box(PANEL, c.theme.panel)
    frame = (750, 220, 1170, 560)
    c.axes(frame, "input", "output")
    at = c.curve(frame, lambda x: 0.18 + 0.62 * x, c.theme.second)
    for x, error in ((0.1, 0.14), (0.25, -0.1), (0.4, 0.17), (0.58, -0.16), (0.72, 0.1), (0.9, -0.13)):
        px, py = at(x)
        c.line(((px, py), (px, py - error * 340)), c.theme.accent, 3)
        c.disc((px, py - error * 340), 8, c.theme.title)
    c.text((1010, 500), "errors", 22, c.theme.accent, bold=True)


def _slope(c: Canvas) -> None:
    c.box(PANEL, c.theme.panel)
    frame = (750, 220, 1170, 560)
    c.axes(frame, "weight", "loss")
    at = c.curve(frame, lambda w: (w - 0.5) ** 2 * 3.4 + 0.08, c.theme.second)
    x, y = at(0.86)
    c.line(((x - 105, y + 170), (x + 45, y - 73)), c.theme.muted, 2.5)
    c.disc((x, y), 11, c.theme.title)
    c.arrow((x - 12, y - 30), (x + 32, y - 101), c.theme.muted, 4)
    c.text((x - 14, y - 84), "gradient", 20, c.theme.muted, anchor="rm")
    c.arrow((x - 26, y + 12), (x - 84, y + 104), c.theme.accent, 6)
    c.text((x - 70, y + 44), "our step", 22, c.theme.accent, anchor="rm", bold=True)
    low = at(0.5)
    c.text((low[0], low[1] - 54), "minimum", 20, c.theme.title, anchor="mm")


def _rule(c: Canvas) -> None:
    c.box((64, 170, 1216, 350), c.theme.panel)
    c.text((640, 232), "w  ←  w − η · ∇L(w)", 58, c.theme.title, anchor="mm", bold=True)
    c.text((640, 306), "new weight = old weight − learning rate × gradient", 26, c.theme.ink, anchor="mm")
    c.text(
        (102, 400),
        "Learning rate η (eta): a positive number, the size of each step",
        27,
        c.theme.accent,
        bold=True,
    )
    c.text((102, 458), "Typical first try: η = 0.01", 27)
    c.text((102, 516), "Example: w = 2, gradient = 4, η = 0.1", 27)
    c.text((102, 570), "w ← 2 − 0.1 × 4 = 1.6", 32, c.theme.second, mono=True, bold=True)


def _rates(c: Canvas) -> None:
    def bowl(w: float) -> float:
        return w * w

    panels = (("too small", 0.06, -0.95), ("about right", 0.35, -0.95), ("too large", 1.12, -0.5))
    for number, (name, rate, start) in enumerate(panels):
        left = 64 + number * 392
        c.box((left, 330, left + 368, 650), c.theme.panel)
        at = c.curve((left + 34, 360, left + 334, 590), bowl, c.theme.muted, (-1.0, 1.0), (0.0, 1.0), 3)
        walk: list[Point] = [at(start)]
        w = start
        for _ in range(6):
            w -= rate * 2 * w
            if abs(w) <= 1:
                walk.append(at(w))
        colour = c.theme.second if number == 1 else c.theme.accent
        c.line(walk, colour, 3)
        for dot in walk:
            c.disc(dot, 6, colour)
        c.text((left + 184, 622), f"{name}: η = {rate}", 22, colour, anchor="mm", bold=True)


def _batches(c: Canvas) -> None:
    c.box(PANEL, c.theme.panel)
    for size, shade in ((220, "#e6ddcc"), (160, "#dccfb8"), (100, "#d0bfa2"), (45, "#c3ad89")):
        c.oval((953 - size, 395 - size * 0.82, 953 + size, 395 + size * 0.82), shade)
    c.line(((760, 245), (830, 300), (885, 345), (930, 378), (953, 395)), c.theme.second, 5)
    rough = (
        (1150, 255),
        (1090, 262),
        (1096, 318),
        (1030, 305),
        (1046, 362),
        (985, 344),
        (1000, 398),
        (953, 395),
    )
    c.line(rough, c.theme.accent, 4)
    c.disc((953, 395), 8, c.theme.title)
    c.text((744, 590), "full batch", 22, c.theme.second, bold=True)
    c.text((1162, 590), "mini-batches", 22, c.theme.accent, anchor="ra", bold=True)


def _surface(c: Canvas) -> None:
    c.box(PANEL, c.theme.panel)
    frame = (750, 220, 1170, 560)
    c.axes(frame, "weight", "loss")

    def smooth(w: float) -> float:
        return 0.68 - 0.35 * w + 0.2 * cos(w * 10.5)

    at = c.curve(frame, smooth, c.theme.second)
    local, best = at(0.33), at(0.93)
    c.disc((local[0], local[1] - 10), 10, c.theme.accent)
    c.text((local[0], local[1] + 26), "local minimum", 20, c.theme.accent, anchor="mm")
    c.disc((best[0], best[1] - 10), 10, c.theme.title)
    c.text((best[0] - 10, best[1] + 26), "global minimum", 20, c.theme.title, anchor="rm")


SLIDES = (
    Slide(
        "Gradient descent",
        (
            "Welcome. In this lecture we learn how a machine learning model finds good weights.",
            "We need three ideas: the loss, the gradient, and the learning rate.",
        ),
        ("The loss", "The gradient", "The learning rate"),
        cover="How a model learns from its mistakes",
    ),
    Slide(
        "The loss",
        (
            "The loss is a single number that says how wrong the predictions of the model are.",
            "A common choice is the mean squared error: the average of the squared differences between "
            "prediction and truth.",
            "Squaring makes large errors count more: an error of ten costs a hundred times as much as an "
            "error "
            "of one.",
            "Training means searching for the weights that make the loss as small as possible.",
        ),
        (
            "One number: how wrong is the model?",
            "Mean squared error: average of (prediction − truth)²",
            "Large errors count most",
            "Training = finding the weights with the smallest loss",
        ),
        _fit,
    ),
    Slide(
        "The gradient",
        (
            "The gradient is the vector of partial derivatives of the loss, one for each weight.",
            "It points in the direction in which the loss increases fastest.",
            "So, to reduce the loss, we take a step in the opposite direction.",
            "Imagine walking down a hill in fog: you cannot see the valley, but you feel the slope under "
            "your "
            "feet.",
        ),
        (
            "Vector of partial derivatives, one for each weight",
            "Points where the loss increases fastest",
            "We step the opposite way: downhill",
        ),
        _slope,
    ),
    Slide(
        "The update rule",
        (
            "Here is the update rule: the new weight is the old weight minus the learning rate times the "
            "gradient.",
            "The learning rate is defined as the positive number that sets how large each step is.",
            "It is written with the Greek letter eta, and a typical first try is 0.01.|It is written with "
            "the "
            "Greek letter ayta, and a typical first try is zero point zero one.",
            "For example, if the weight is 2, the gradient is 4 and the learning rate is 0.1, then the new "
            "weight is 1.6.",
        ),
        (),
        _rule,
    ),
    Slide(
        "Choosing the learning rate",
        (
            "If the learning rate is too small, training needs very many steps and wastes time.",
            "If it is too large, every step jumps over the minimum, the loss grows, and training diverges.",
            "For the loss w squared, any learning rate above 1 makes gradient descent diverge.",
            "A good habit is to try 0.1, then 0.01, then 0.001, and to watch the loss curve.",
        ),
        ("Too small: very many steps", "Too large: overshoots, the loss grows, training diverges"),
        _rates,
        wide=True,
    ),
    Slide(
        "Mini-batches and epochs",
        (
            "With a million examples, computing the full gradient for every step is expensive.",
            "Stochastic gradient descent estimates the gradient from a small random mini-batch, often 32 "
            "to 256 "
            "examples.",
            "One pass over the whole training set is called an epoch.",
            "With 50,000 examples and a batch size of 100, one epoch has 500 steps.|With fifty thousand "
            "examples "
            "and a batch size of one hundred, one epoch has five hundred steps.",
        ),
        (
            "Mini-batch: 32 to 256 random examples",
            "Epoch: one pass over the training set",
            "50,000 examples ÷ batch of 100 = 500 steps in an epoch",
        ),
        _batches,
    ),
    Slide(
        "Momentum and local minima",
        (
            "Momentum keeps a running average of past gradients, which smooths the path through narrow "
            "valleys.",
            "A usual value for the momentum coefficient is 0.9.",
            "On a loss that is not convex, gradient descent may stop at a local minimum or slow down near a "
            "saddle point.",
        ),
        (
            "Momentum: running average of past gradients",
            "Usual coefficient: 0.9",
            "Not convex: beware of local minima",
        ),
        _surface,
    ),
    Slide(
        "Summary",
        (
            "To sum up: the loss measures the error, the gradient points uphill, and the learning rate "
            "sets the "
            "step size.",
            "When training fails, check the learning rate first.",
        ),
        (
            "The loss measures the error",
            "The gradient points uphill, so step against it",
            "The learning rate sets the step size",
            "When training fails, check the learning rate first",
        ),
    ),
)
