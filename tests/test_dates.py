"""Dates as titles, file names and questions write them, in many languages; what is none stays none."""

from __future__ import annotations

import pytest

from longvid_storage.text.dates import date_in, written_dates

MARCH = [
    "2024-03-04", "2024_03_04", "20240304", "2024-3-4", "4.3.2024", "March 4th, 2024", "4 March 2024", "04-Mar-24",
    "4 mars 2024", "4 de marzo de 2024", "4. März 2024", "2024年3月4日", "2024년 3월 4일", "4 марта 2024",
    "4 березня 2024", "4 marca 2024", "4 maart 2024", "4 martie 2024", "4 Mart 2024", "4 Μαρτίου 2024", "४ मार्च 2024",
    "4 Maret 2024",
    "4. března 2024", "4. marts 2024", "GMT20240304-100000",
]  # fmt: skip


@pytest.mark.parametrize("written", MARCH)
@pytest.mark.parametrize("form", ["{}", "Weekly {}", "Weekly {} Recording"])
def test_the_fourth_of_march_in_any_form(written: str, form: str) -> None:
    assert date_in(form.format(written)) == "2024-03-04"
    assert len(list(written_dates(form.format(written)))) == 1


@pytest.mark.parametrize(
    "written", ["2024/03/27", "2024/3/27", "27/03/2024", "27/3/2024", "03/27/2024", "3/27/2024"]
)
def test_strokes_are_read_where_they_can_mean_one_day_only(written: str) -> None:
    assert date_in(f"Weekly {written}") == "2024-03-27"


@pytest.mark.parametrize(
    "text", ["v2024.3.4", "2024-13-4", "12345-3-4", "04/03/2024", "30 February 2024", "may 5", "1-2-3"]
)
def test_what_is_no_date_or_could_be_two_is_none(text: str) -> None:
    assert date_in(text) is None
