"""A meeting of two people who plan a release: a transcript alone, with speakers."""

from __future__ import annotations

TURNS = (
    (
        "Maya",
        "Good morning, Jonas. We have three points today: the database migration, the launch date, and the "
        "budget.",
    ),
    ("Jonas", "Morning, Maya. Let's start with the migration, because the launch date depends on it."),
    ("Maya", "Go ahead. Where do we stand?"),
    ("Jonas", "The test run on Monday moved 40 million rows from MySQL to PostgreSQL in six hours."),
    ("Jonas", "Two tables failed, because they held dates with the year zero."),
    ("Maya", "How many rows were affected?"),
    (
        "Jonas",
        "About 1,200. I wrote a small script that sets those dates to null, and the second run passed.",
    ),
    ("Maya", "Good. Can we do it without closing the service for six hours?"),
    (
        "Jonas",
        "Yes. We copy the old rows during the week, and only the rows of the last day on the night itself.",
    ),
    ("Jonas", "Then the service is read-only for about 20 minutes."),
    ("Maya", "Twenty minutes is fine with me. Let's decide that: we migrate on the night of March the 8th."),
    (
        "Jonas",
        "Agreed. I'll send the migration plan by Friday, with the steps to go back if something breaks.",
    ),
    ("Maya", "Perfect. Second point: the launch date. Marketing still hopes for March the 3rd."),
    ("Jonas", "That is before the migration. I would not launch on the old database."),
    ("Maya", "Neither would I. What about two weeks later, March the 17th?"),
    ("Jonas", "That gives us nine days to watch the new database. I am comfortable with that."),
    ("Maya", "Then we move the launch to March the 17th. I'll tell marketing this afternoon."),
    (
        "Jonas",
        "Before that we need a load test. Last year the search page failed at 300 requests per second.",
    ),
    ("Maya", "What should we aim for this time?"),
    (
        "Jonas",
        "We expect 500 at the peak, so I want to see 1,000 requests per second with answers in under 200 "
        "milliseconds.",
    ),
    ("Maya", "I'll book the test machines for next Tuesday."),
    (
        "Jonas",
        "Thanks. One more risk: the error rate of the payment service is at 2.4 percent since the last "
        "update.",
    ),
    ("Maya", "Why is it that high?"),
    (
        "Jonas",
        "The time limit is too short. Payments that take longer than three seconds are counted as failed.",
    ),
    ("Maya", "Can you raise the limit to ten seconds before the launch?"),
    ("Jonas", "Yes, that is a small change. I'll do it on Wednesday."),
    (
        "Maya",
        "Third point: the budget. We planned 12,000 euros for servers, and the new database costs 9,500.",
    ),
    ("Jonas", "So 2,500 are left. I'd put them into a second copy of the database in another city."),
    ("Maya", "What would that cost each month?"),
    ("Jonas", "About 400 euros, so the rest would last for six months."),
    ("Maya", "Fine, let's do that. What about dark mode? Customers keep asking for it."),
    ("Jonas", "The design is ready, but nobody has time to build it before the launch."),
    ("Maya", "Then we postpone dark mode to the second quarter."),
    ("Jonas", "Good. Shall we meet again on Thursday at ten?"),
    ("Maya", "Thursday at ten. Thank you, Jonas."),
)
