"""Forms of a word that Snowball leaves apart in English, Polish, French, Italian and Spanish, brought together.

Before the stemmer a form becomes another of the same word ("coûtent" → "coûte", "osoby" → "osoba", "preso" →
"prendere"); behind it stems that differ by a sound alone become one ("kosztuj" and "kosztow", "luz" and "luc",
"cuest" and "cost").
What is brought together need not be a word: it is compared only with what went the same way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

Rule = tuple[re.Pattern[str], str]


def _rules(*pairs: tuple[str, str]) -> tuple[Rule, ...]:
    return tuple((re.compile(pattern), to) for pattern, to in pairs)


def _table(text: str) -> Mapping[str, str]:
    """ "form form = word; …" as form → word."""
    pairs = (entry.split("=") for entry in text.split(";"))
    return MappingProxyType({form: word.strip() for forms, word in pairs for form in forms.split()})


# What is another word too is left out: "ground", "left", "saw", "rose", "shot", "lives", "leaves".
_ENGLISH = _table(
    "threw thrown = throw; built = build; rebuilt = rebuild; bought = buy; brought = bring; caught = catch;"
    " taught = teach; sought = seek; fought = fight; sold = sell; told = tell; gave given = give;"
    " took taken = take; wrote written = write; rewrote rewritten = rewrite; drove driven = drive;"
    " chose chosen = choose; broke broken = break; spoke spoken = speak; stole stolen = steal;"
    " froze frozen = freeze; woke woken = wake; wore worn = wear; tore torn = tear; swore sworn = swear;"
    " grew grown = grow; knew known = know; flew flown = fly; blew blown = blow; drew drawn = draw; shown = show;"
    " withdrew withdrawn = withdraw; began begun = begin; drank = drink; sang sung = sing; rang = ring;"
    " swam swum = swim; ran = run; came = come; became = become; went gone = go; seen = see; sent = send;"
    " spent = spend; lent = lend; bent = bend; lost = lose; met = meet; kept = keep; slept = sleep; felt = feel;"
    " dealt = deal; meant = mean; heard = hear; held = hold; stood = stand; understood = understand; said = say;"
    " paid = pay; laid = lay; made = make; led = lead; fed = feed; fled = flee; found = find; hung = hang;"
    " stuck = stick; struck = strike; won = win; dug = dig; spun = spin; sat = sit; sank sunk = sink;"
    " shrank shrunk = shrink; risen = rise; arose arisen = arise; fell fallen = fall; ate eaten = eat;"
    " forgot forgotten = forget; hid hidden = hide; bitten = bite; rode ridden = ride; shook shaken = shake;"
    " proven = prove; burnt = burn; learnt = learn; dreamt = dream; swept = sweep; sewn = sew; sown = sow;"
    " swollen = swell; forbidden = forbid; children = child; men = man; women = woman; feet = foot; teeth = tooth;"
    " mice = mouse; geese = goose; knives = knife; wives = wife; wolves = wolf; shelves = shelf; halves = half;"
    " loaves = loaf; thieves = thief; criteria = criterion; phenomena = phenomenon; hypotheses = hypothesis;"
    " crises = crisis; indices = index; matrices = matrix; vertices = vertex"
)
# Nouns and adjectives in -ent, whose end is none of a verb; those in -ment are told by that.
_FRENCH_ENT_WORDS = """
    absent accent accident adhérent adjacent adolescent agent antécédent apparent ardent argent astringent
    auvent cent client coefficient cohérent compétent concurrent conscient conséquent content continent
    contingent convent couvent dent différent décent détergent efficient excellent expédient fréquent
    gradient imminent impatient impertinent imprudent incident inconscient inconvénient indifférent
    indulgent indécent influent ingrédient innocent insolent intelligent intransigent latent lent négligent
    occident omniscient opulent orient paravent parent patient permanent pertinent prudent précédent présent
    président quotient récent récipient résident réticent sergent serpent somnolent souvent strident talent
    torrent transparent trident truculent turbulent urgent vent violent virulent éloquent émergent éminent
    équivalent évident événement
"""
_FRENCH_ENT = frozenset(_FRENCH_ENT_WORDS.split())
_FRENCH = _table(
    "yeux = oeil; travaux = travail; amis = ami; ennemis = ennemi; cheveux = cheveu; neveux = neveu; lieux = lieu;"
    "feux = feu; jeux = jeu; voeux vœux = voeu; bijoux = bijou; genoux = genou; choux = chou; cailloux = caillou;"
    "cieux = ciel; font faites fera feront = faire; vu vue vus vues voit voient = voir;"
    " bu bue boit boivent buvons = boire;"
    "lu lue lus lues lisent = lire; mis mise mets met mettent = mettre; su sue sait savent = savoir;"
    "reçu reçoit reçoivent = recevoir; doivent = devoir; sert servent = servir;"
    "dort dorment = dormir; courent couru = courir; meurt meurent mort morte morts = mourir; né née naît = naître;"
    "suit suivent suivi suivie = suivre; vit vivent vécu = vivre; tient tiens = tenir"
)
_IENT = r"(?:iens|ient|iennent|ienne|enue?s?|enons|enez|iendra\w*)"
_FRENCH_BEFORE = _rules(
    (r"\A((?:ap|com|re|sur|entre|mé)?)(?:prenn\w*|pren(?:ons|ez|ait|ais|aient|ant)|pris(?:e|es)?)\Z", r"\1prend"),
    (rf"\A((?:re|de|par|inter|con|sur|sou|sub|pro|pré)?v){_IENT}\Z", r"\1enir"),
    (rf"\A((?:re|dé|main|ob|sou|con|appar|abs)t){_IENT}\Z", r"\1enir"),
    (r"\A((?:re|dé)?(?:ouv|couv|off|souff))erte?s?\Z", r"\1rir"),
    (r"\A((?:re|dé|ins|pres|sous|trans)?[éc]?cri)(?:te?s?|vent|vait|vons|ra)\Z", r"\1re"),
    (r"\A((?:re|é|at)?(?:pei|tei|crai|joi|plai))(?:nte?s?|gnent|gnons|gnait|ndra)\Z", r"\1ndre"),
    (r"(?<=\w\w)trices?\Z", "teur"),
)  # fmt: skip
_FRENCH_AFTER = _rules(
    (r"(?<=\w\w\w)iv\Z", "if"), (r"(?<=\w(?:nd|rd|mp|tt))r\Z", ""), (r"(?<=\w(?:nd|rd))u\Z", "")
)

_ITALIAN = _table(
    "apre apri aprono aperto aperta aperti aperte = aprire; offre offrono offerto offerta offerti offerte = offrire;"
    "copre coprono coperto coperta coperti coperte = coprire; scopre scoperto scoperta scoperti scoperte = scoprire;"
    "cotto cotta cotti cotte = cuocere; preso presa presi prese = prendere; messo messa messi messe = mettere;"
    "scritto scritta scritti scritte = scrivere; chiuso chiusa chiusi chiuse = chiudere;"
    "visto vista visti viste = vedere; deciso decisa decisi = decidere; speso spesa spese = spendere;"
    "rotto rotta rotti rotte = rompere; perso persa persi perse = perdere; acceso accesa accesi = accendere;"
    "spento spenta spenti = spegnere; vinto vinta = vincere; tolto tolta = togliere; aggiunto aggiunta = aggiungere;"
    "dipinto dipinta dipinti dipinte = dipingere; morto morta morti = morire; nato nata nati = nascere;"
    "viene vengono venuto venuta = venire; tiene tengono tenuto = tenere; rimane rimasto rimangono = rimanere;"
    "acque = acqua; scelto scelta scelti scelte sceglie scelgono = scegliere; uova = uovo; dita = dito;"
    " braccia = braccio;"
    "uomini = uomo; muore muoiono = morire; siede siedono = sedere; esce escono = uscire; va vanno = andare"
)
_ITALIAN_BEFORE = _rules((r"(?<=\w\w)tric[ei]\Z", "tore"))

_SPANISH_DIPHTHONGS = _table(
    "cuest = cost; cuent = cont; encuentr = encontr; muestr = mostr; prueb = prob; acuerd = acord; recuerd = record;"
    "vuelv = volv; devuelv = devolv; pued = pod; duerm = dorm; muer = mor; muev = mov; vuel = vol; cuelg = colg;"
    " jueg = jug;"
    "cierr = cerr; empiez = empez; comienz = comenz; piens = pens; sient = sent; prefier = prefer; quier = quer;"
    "pierd = perd; entiend = entend; enciend = encend; defiend = defend; despiert = despert; calient = calent;"
    "riegu = reg; rieg = reg; hierv = herv; recomiend = recomend; sirv = serv; pid = ped; repit = repet; tien = ten;"
    "vien = ven; aprieb = aprob; aprueb = aprob; resuelv = resolv; friegu = freg; frieg = freg; tuest = tost;"
    " hiel = hel"
)
_SPANISH_AFTER = _rules((r"(?<=\w\w)z\Z", "c"))

_POLISH = _table(
    "pies psa psu psem psy psów psom psami = pies; mieście = miasto; świecie = świat; lecie = lato; lesie = las;"
    "obiedzie = obiad; kwiecie = kwiat; cieście = ciasto; rąk rękami rękach rękom ręce = ręka; ludzie ludzi = ludź;"
    "dzieci dziecko dziecka dziecku dzieckiem = dziecko; dni dnia dniu dniem = dzień;"
    " tygodnie tygodnia tygodni = tydzień;"
    "oczy oczu oczami = oko; bracia braci = brat; księdza = ksiądz; rok roku rokiem = rok"
)
_POLISH_BEFORE = _rules(
    (r"(?<=\w\w)(?<!ał)(?<!ił)(?<!ał[ao])(?<!ił[ao])(?<!ył[ao])(?<!li)(?<!ły)by\Z", "ba"),
    (r"(?<=\w\w[^aeiouyąęó])dzie\Z|(?<=\w[aeouyąęó])dzie\Z", "da"),
    (r"(?<=\w\w)(cz|sz|[żtdsłpbmnz])ce\Z", r"\1ka"),
    (r"\Aotw(?:ier|ar[tcł]|orz|arli)\w*\Z", "otwor"),
)
_POLISH_AFTER = _rules(
    (r"(?<=\w\w)uj\Z", "ow"),
    (r"(?<=\w\w[^aeiouyąęó\W])ek\Z", "k"),
    (r"(?<=\w\w)i?ec\Z", "c"),
    (r"ł\Z", "l"),
)


def _french(word: str) -> str:
    irregular = _put(_FRENCH_BEFORE, _FRENCH.get(word, word))
    if irregular != word:
        return irregular
    single = word.removesuffix("s")
    if word.endswith("ent") and len(word) > 6 and not word.endswith("ment") and single not in _FRENCH_ENT:
        return f"{word[:-3]}e"
    return word


def _put(rules: tuple[Rule, ...], word: str) -> str:
    for pattern, to in rules:
        word = pattern.sub(to, word)
    return word


BEFORE: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "en": lambda word: _ENGLISH.get(word, word),
        "fr": _french,
        "it": lambda word: _put(_ITALIAN_BEFORE, _ITALIAN.get(word, word)),
        "pl": lambda word: _put(_POLISH_BEFORE, _POLISH.get(word, word)),
    }
)
"""Language → what a folded word becomes before its stemmer reads it."""
AFTER: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "es": lambda stem: _put(_SPANISH_AFTER, _SPANISH_DIPHTHONGS.get(stem, stem)),
        "fr": lambda stem: _put(_FRENCH_AFTER, stem),
        "pl": lambda stem: _put(_POLISH_AFTER, stem),
    }
)
"""Language → what a stem becomes behind it."""
