"""What something costs, in the words of seven languages: who asks for it, who names it, and what says no more than that
it is a price."""

from __future__ import annotations

import re

_VERBS = (
    r"cost(?:s|ed)?|kost(?:et|eten?|en)?|coût(?:e|ent|ait|era)|cuest(?:an?|e)|costaba|cost[ao](?:no|va|vano)?|cust(?:am?|ou|ava)"
    r"|vaut|valent|valen?|vale"
)
_NOUNS = r"prices?|preise?|prix|tarifs?|precios?|prezz[oi]|preços?|prij[sz](?:en)?|coûts?|costes?|kosten"
ASKS = (
    r"\b(?:wie ?viel|was) (?:kostet|kosten|kostete)\b|\bwie (?:teuer|hoch (?:ist|sind) (?:der|die|das)"
    r" (?:\w{1,40}preis\w{0,2}|preise?|miete|gebühr\w{0,2}|\w{0,40}beitrag|kosten))\b"
    r"|\b(?:à )?combien (?:(?:ça|cela|est-ce que?|est-ce qu['’]) ?)?"
    r"(?:coûte\w{0,3}|coûtait|vaut|valent|faut-il payer|paie-t-on|paye-t-on)\b"
    r"|\bcuánto (?:cuestan?|costaba|costó|valen?|hay que pagar|se paga)\b"
    r"|\bquanto (?:costa(?:no|va)?|si paga|viene a costare|custam?|custou|custava|se paga)\b"
    r"|\b(?:hoeveel|wat) kost(?:en|te)?\b|\bhoe duur\b"
    r"|\b(?:was ist|wie (?:hoch )?ist|quel (?:est|était)|cuál (?:es|era)|qual (?:è|é|era)|wat is) (?:der|le|el|il|o|de)"
    r" (?:preis|prix|tarif|precio|prezzo|preço|prijs)\b"
)
"""A pattern of questions for a price in German, French, Spanish, Italian, Portuguese and Dutch."""
NUMBER_WORDS = (
    r"\w{0,20}(?:zig|ßig|tig|ante|inta|enta|anta|venti|vingts?|quinze|onze|treize|quatorze|seize|cento|centos|cents"
    r"|cientos|hundert|honderd|tausend|duizend|mila|mille|quince|once|trece|quindici|undici|elf|twaalf|dertien|vijftien"
    r"|uno|due|tre|quattro|cinque|sei|sette|otto|nove|dieci|dois|duas|três|quatro|cinco|seis|sete|oito|dez|doze|vinte"
    r"|twee|drie|vier|vijf|zes|zeven|acht|negen|tien|fünf|sechs|sieben|neun|zehn|zwölf)"
)
"""A pattern of numbers in words of these languages, as they stand before a coin."""
FREE = r"gratuit\w{0,4}|gratis|grátis|kostenlos\w{0,2}|kostenfrei\w{0,2}|umsonst"
_ASKS = re.compile(ASKS, re.IGNORECASE)
_PRICE = re.compile(
    rf"(?:{_VERBS}|{_NOUNS}|expensive|teuer|cher|chère|car[oa]s?|duur|pa(?:y|id)|payer|pagar\w*)",
    re.IGNORECASE,
)


def only_says_price(word: str) -> bool:
    """Whether a word says that something has a price, and not what: who names one need not say it."""
    return _PRICE.fullmatch(word) is not None


def asked_elsewhere(question: str) -> bool:
    """Whether a price is asked for in one of these languages other than English."""
    return _ASKS.search(question) is not None
