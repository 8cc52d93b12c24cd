"""Binary search. No subtitles at all, so that speech recognition runs: plain words, short sentences."""

from __future__ import annotations

from lecture_sources.drawing import Canvas, Slide, Theme

TITLE = None  # the file has no title of its own: the library shows its name
THEME = Theme(
    paper="#f7f9fc",
    ink="#1f2937",
    title="#1e3a8a",
    accent="#3b6fe0",
    second="#d1495b",
    panel="#e6edf9",
    muted="#7a869a",
)
NUMBERS = (3, 8, 15, 21, 42, 57, 63)
CODE = (
    "def binary_search(items, wanted):",
    "    low, high = 0, len(items) - 1",
    "    while low <= high:",
    "        middle = (low + high) // 2",
    "        if items[middle] == wanted:",
    "            return middle",
    "        if items[middle] < wanted:",
    "            low = middle + 1",
    "        else:",
    "            high = middle - 1",
    "    return None",
)


def _cells(c: Canvas, top: float, first: int, last: int, looked: int | None, size: float = 92) -> None:
    for index, number in enumerate(NUMBERS):
        left = 300 + index * (size + 10)
        kept = first <= index <= last
        fill = c.theme.accent if index == looked else c.theme.panel if kept else c.theme.paper
        c.box((left, top, left + size, top + 66), fill, c.theme.muted, 2, 8)
        colour = "#ffffff" if index == looked else c.theme.ink if kept else "#c3cbd8"
        c.text((left + size / 2, top + 33), str(number), 30, colour, anchor="mm", bold=True)


def _linear(c: Canvas) -> None:
    _cells(c, 470, 0, 6, None)
    for index in range(6):
        left = 346 + index * 102
        c.arrow((left, 440), (left + 92, 440), c.theme.second, 4)
    c.text((300, 590), "one item after another", 24, c.theme.second, bold=True)


def _example(c: Canvas) -> None:
    rows = (
        ("1", 0, 6, 3, "middle is 21: too small, keep the right half"),
        ("2", 4, 6, 5, "middle is 57: found after two comparisons"),
    )
    c.text((102, 180), "Looking for 57", 32, c.theme.second, anchor="lm", bold=True)
    for number, (step, first, last, looked, words) in enumerate(rows):
        top = 240 + number * 190
        c.text((160, top + 33), f"Step {step}", 30, c.theme.title, anchor="mm", bold=True)
        _cells(c, top, first, last, looked)
        c.text((300, top + 96), words, 26, c.theme.ink, anchor="lm")


def _table(c: Canvas) -> None:
    rows = (("1,000", "10"), ("1,000,000", "20"), ("1,000,000,000", "30"))
    c.box((690, 170, 1216, 520), c.theme.panel)
    c.text((940, 210), "items", 26, c.theme.muted, anchor="rm", bold=True)
    c.text((1180, 210), "comparisons", 26, c.theme.muted, anchor="rm", bold=True)
    c.line(((714, 240), (1192, 240)), c.theme.muted, 2)
    for number, (items, comparisons) in enumerate(rows):
        y = 290 + number * 86
        c.text((940, y), items, 30, c.theme.ink, anchor="rm")
        c.text((1180, y), comparisons, 40, c.theme.accent, anchor="rm", bold=True)


def _halves(c: Canvas) -> None:
    for number, width in enumerate((1032, 516, 258, 129, 64)):
        top = 420 + number * 48
        c.box(
            (124, top, 124 + width, top + 34),
            c.theme.accent if number == 4 else c.theme.panel,
            c.theme.accent,
            2,
            6,
        )


def _code(c: Canvas) -> None:
    c.box((64, 150, 900, 650), "#1f2937", radius=14)
    for number, line in enumerate(CODE):
        word = line.strip().split(" ")[0]
        colour = "#ffcb6b" if word in {"def", "while", "if", "else:", "return"} else "#dbe4f3"
        c.text((94, 176 + number * 41), line, 25, colour, mono=True)
    c.text((930, 230), "low, high:", 25, c.theme.title, bold=True)
    c.text((930, 268), "the part still", 25)
    c.text((930, 304), "to be searched", 25)
    c.text((930, 408), "middle + 1:", 25, c.theme.second, bold=True)
    c.text((930, 446), "forget it and", 25)
    c.text((930, 482), "the loop may", 25)
    c.text((930, 518), "never end", 25)


SLIDES = (
    Slide(
        "Binary search",
        (
            "Welcome to this short lecture about binary search.",
            "Binary search can find a number in a sorted list very quickly.",
        ),
        ("Finding one item among millions",),
        cover="Divide the list, and divide again",
    ),
    Slide(
        "Linear search",
        (
            "The simple way is to look at every number, from the first to the last.",
            "This is called linear search.",
            "A list of one million items may need one million comparisons.",
        ),
        ("Look at every item, first to last", "1,000,000 items: up to 1,000,000 comparisons"),
        _linear,
        wide=True,
    ),
    Slide(
        "The idea of binary search",
        (
            "For binary search, the list must be sorted.",
            "We look at the number in the middle of the list.",
            "If the number is too small, we keep the right half.",
            "If the number is too large, we keep the left half.",
            "Then we do the same again with the half that is left.",
        ),
        ("The list must be sorted", "Look at the middle", "Throw away the half that cannot hold the item"),
        _halves,
        wide=True,
    ),
    Slide(
        "An example",
        (
            "Here we are looking for the number fifty seven.",
            "The number in the middle is twenty one, and that is too small.",
            "So we keep the right half of the list.",
            "Now the number in the middle is fifty seven.",
            "We have found it after two comparisons.",
        ),
        (),
        _example,
    ),
    Slide(
        "How many comparisons?",
        (
            "Every comparison cuts the list in half.",
            "One thousand items need at most ten comparisons.",
            "One million items need at most twenty comparisons.",
            "One billion items need at most thirty comparisons.",
            "Twice as many items cost only one more step.",
        ),
        (
            "Every comparison halves the list",
            "At most log₂(n) + 1 comparisons, rounded down",
            "Twice as many items: one more step",
        ),
        _table,
    ),
    Slide(
        "The code",
        (
            "Here is the program.",
            "The numbers low and high mark the part of the list that is left.",
            "The program stops when the item is found, or when nothing is left.",
            "The most common mistake is to forget the plus one.",
            "Without the plus one, the program may never end.",
        ),
        (),
        _code,
    ),
    Slide(
        "When not to use it",
        (
            "Do not use binary search if the list is not sorted.",
            "Sorting takes time, and that is worth the trouble only for many searches.",
            "If the numbers change all the time, a tree is a better choice.",
        ),
        (
            "The list is not sorted: it gives wrong answers",
            "Sorting first is worth it only for many searches",
            "The numbers change all the time: use a search tree",
        ),
    ),
)
