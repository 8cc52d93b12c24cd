"""Cue phrases of other languages than English: what decides, takes on a task or leaves a question open, and who asks
for a list of these.

Each row is a language: German, French, Spanish, Italian, Portuguese, Dutch, Russian, Chinese, Japanese, Korean. The
verbs are the first person's of the tense in which people promise; they miss what is agreed with a nod.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Literal

Cue = Literal["decision", "action", "question"]

_CUES: dict[Cue, tuple[str, ...]] = {
    "decision": (
        r"\b(?:wir|wurde|ist|haben|sind)\b.*\b(?:entschieden|beschlossen|geeinigt|vereinbart|festgelegt)\b"
        r"|\b(?:entscheiden wir uns|wir entscheiden uns|wir einigen uns|wir beschließen|dann (?:nehmen|bleiben"
        r"|machen) wir)\b",
        r"\b(?:avons|a|ont|est|été) (?:\w+ )?(?:décidé|convenu|choisi|tranché|acté)\b|\b(?:décidons|on part sur"
        r"|on garde"
        r"|on reste sur|nous gardons)\b",
        r"\b(?:hemos|han|ha) (?:decidido|acordado|aprobado)\b|\bse (?:decidió|acordó|aprobó)\b"
        r"|\b(?:decidimos|acordamos|quedamos en|nos quedamos con)\b",
        r"\b(?:abbiamo|hanno|è stato|si è) (?:deciso|concordato|stabilito|scelto|approvato)\b|\bdecidiamo (?:di"
        r"|che)\b",
        r"\b(?:foi|ficou|está) (?:decidido|acordado|acertado|aprovado)\b|\b(?:decidimos|combinamos|concordamos em"
        r"|vamos ficar com)\b",
        r"\b(?:hebben|is|wordt|zijn)\b.*\b(?:besloten|afgesproken|overeengekomen|gekozen)\b",
        r"\b(?:решили|решено|договорились|постановили|утвердили|пришли к решению|приняли решение)\b",
        r"(?:我们|我們|大家|会议|會議|最后|最後|已经|已經).{0,8}(?:决定|決定|商定|同意|一致|敲定)|(?:决定"
        r"|決定)(?:了|把|将|將|采用|推迟|延期)"
        r"|就这么定|定下来",
        r"(?:こと|に|が)(?:決めました|決まりました|決定しました|決めた|決まった|なりました)|ことにしま(?:した"
        r"|しょう|す)|で合意",
        r"(?:기로|고) (?:했습니다|결정|합의|정했)|결정(?:했|하였|됐|되었)",
    ),
    "action": (
        r"\bich (?:schicke|sende|schreibe|rufe|mache|kümmere|bereite|erstelle|prüfe|bestelle|übernehme|bringe"
        r"|organisiere|kontaktiere|informiere|frage|buche|teste)\b|\bich werde\b.*\w+en\b"
        r"|\b(?:kannst du|könntest du|können sie|könnten sie|könnt ihr)\b|\bbitte \w+(?:en|e|t)?\b.*\bbis\b"
        r"|\bbis (?:spätestens |zum )?(?:morgen|montag|dienstag|mittwoch|donnerstag|freitag|nächste[rn]?)\b",
        r"\bje (?:vais|m'occupe|me charge|(?:t'|vous )?(?:envoie|enverrai|prépare|préparerai|contacte|contacterai"
        r"|appelle|appellerai|écris|écrirai|ferai|vérifierai|rédige|rédigerai))|\b(?:peux-tu|pouvez-vous"
        r"|pourrais-tu|pourriez-vous|tu peux|vous pouvez)\b|\b(?:d'ici|avant) (?:à |la |le )?(?:demain|lundi|mardi"
        r"|mercredi|jeudi|vendredi|semaine|fin)\b",
        r"\b(?:voy a|me encargo de|enviaré|mandaré|prepararé|llamaré|escribiré|revisaré|haré|compraré|pediré)\b"
        r"|\b(?:puedes|podrías|pueden|podría) \w+r\b|\b(?:hay|tenemos|tienes) que \w+r\b"
        r"|\b(?:antes del|para el|hasta el) (?:lunes|martes|miércoles|jueves|viernes)\b",
        r"\b(?:invierò|manderò|preparerò|scriverò|chiamerò|farò|controllerò|ordinerò|mi occupo|me ne occupo)\b"
        r"|\b(?:puoi|potresti|potete) \w+r[ei]\b|\b(?:dobbiamo|devi|bisogna) \w+re\b"
        r"|\bentro (?:domani|lunedì|martedì|mercoledì|giovedì|venerdì)\b",
        r"\b(?:vou|eu fico de) \w+r\b|\b(?:enviarei|farei|prepararei|verificarei|ligarei)\b"
        r"|\b(?:você pode|podes|poderia) \w+r\b|\b(?:temos|tens|você tem) (?:que|de) \w+r\b"
        r"|\baté (?:amanhã|segunda|terça|quarta|quinta|sexta)\b",
        r"\bik (?:stuur|schrijf|bel|maak|regel|bereid|controleer|bestel|neem|zal)\b|\b(?:kun|kan|wil) (?:je|jij|u)\b"
        r"|\b(?:vóór|voor|tegen) (?:morgen|maandag|dinsdag|woensdag|donderdag|vrijdag)\b",
        r"\b(?:отправлю|пришлю|напишу|позвоню|сделаю|подготовлю|проверю|закажу|займусь|возьму на себя|свяжусь)\b"
        r"|\b(?:можешь|можете|не мог(?:ли|ла)? бы)\b|\b(?:нужно|надо|необходимо|должны?) \w+ть\b"
        r"|\b(?:до|к) (?:завтра|понедельник\w|вторник\w|сред[ыеу]|четверг\w|пятниц\w)",
        r"我(?:会|會|来|來|负责|負責|明天|今天|下周)|请(?:你|您|大家)|請(?:你|您|大家)|(?:你|您)(?:能不能|能|可以)"
        r"|(?:周|星期|礼拜)[一二三四五六日天](?:之?前|以前)",
        r"(?:て|で)(?:ください|下さい|もらえますか|いただけますか)|までに|(?:て|で)おきます"
        r"|(?:私|僕|わたし)が.*(?:ます|する)",
        r"(?:해|보내|확인해|준비해) ?주(?:세요|시겠|실)|(?:제가|내가).*겠습니다|까지 .*겠습니다",
    ),
    "question": (
        r"\boffene[rn]? (?:frage|punkt)|\bnoch (?:unklar|offen|nicht (?:klar|entschieden|geklärt|fest))\b"
        r"|\bwissen (?:wir )?(?:noch )?nicht\b|\bzu klären\b",
        r"\bquestion ouverte\b|\breste (?:à|ouvert|en suspens)|\b(?:ne sait|ne savons) pas\b|\bpas encore (?:clair"
        r"|décidé|sûr)|\bà (?:clarifier|définir)\b",
        r"\b(?:todavía|aún) no (?:sabemos|está|se sabe|hemos)\b|\bno (?:sabemos|está claro)\b"
        r"|\bqueda (?:por|pendiente)\b|\bpor decidir\b",
        r"\bnon sappiamo\b|\bancora (?:da|aperto|aperta|non)\b|\bresta da\b|\bda (?:chiarire|decidere)\b",
        r"\b(?:não sabemos|em aberto|por decidir|falta (?:decidir|definir|saber)|ainda não (?:está|foi|se))\b",
        r"\b(?:nog (?:niet|onduidelijk|open)|weten (?:we )?(?:nog )?niet|openstaande vraag)\b",
        r"\bоткрыт(?:ый|ые|ым) вопрос|\b(?:пока|ещё|еще) (?:не ?ясно|не (?:решили|знаем|понятно|решено))"
        r"|\bне знаем\b|\bосталось (?:решить|выяснить|понять)\b",
        r"还(?:不|没|没有)(?:知道|清楚|确定|定|决定|解决)|還(?:不|沒|沒有)|尚未|待定|未决|悬而未决|不(?:知道"
        r"|确定)是否|需要确认",
        r"まだ(?:わか|分か|決ま|未定|不明)|未定|未解決|検討中|はっきりして(?:い)?ません",
        r"아직 .*(?:모르|않|미정)|미정|불확실",
    ),
}
_SAID_BY_ONE = re.compile(
    r"\bich\b|\bj(?:e\b|')|\b(?:voy|vou|ik|yo|eu|io)\b|\b\w+(?:aré|iré|eré|erò|irò|arei|erei|irei)\b"
    r"|\b(?:отправлю|пришлю|напишу|позвоню|сделаю|подготовлю|проверю|закажу|займусь|возьму|свяжусь)\b|我(?!们"
    r"|們)|私|僕|ておきます|제가|내가",
    re.IGNORECASE,
)
# What asks for the list: "Was wurde entschieden?", "¿Qué se decidió?".
_ASKED: dict[Cue, str] = {
    "action": r"\b(?:aufgaben?|to-?dos?|tâches?|tareas?|compit[oi]|attività|tarefas?|taken|actiepunten"
    r"|задач[иа]?|поручения)\b"
    r"|待[办辦](?:事[项項])?|任务|任務|行动项|タスク|宿題|やること|할 ?일",
    "question": r"\b(?:offenen? (?:fragen?|punkte?)|fragen? (?:sind |ist )?(?:noch )?offen"
    r"|questions? (?:ouvertes?|en suspens)|preguntas? (?:abiertas?|pendientes?)"
    r"|questioni aperte|questões em aberto|open vragen|открыт\w+ вопрос\w*)\b|(?:未解决|待定)(?:的问题|的事项)?"
    r"|未解?決(?:の問題|の課題)?|まだ決まって(?:いないこと|いない)?",
    "decision": r"\b(?:entschieden|beschlossen|entscheidung(?:en)?|beschlüsse|décidé\w*|décisions?|decidi(?:ó|do"
    r"|mos|ram)"
    r"|decisi(?:ón|ones|on[ei])|acord(?:ó|ado|amos)|deciso|decisões|decisão|besloten|besluiten"
    r"|решили|решено|решения|решений)\b|(?:决定|決定)(?:了什么|了什麼|事项|事項)?|決まり(?:ました)?か?"
    r"|決めました?か?|결정",
}
# What else such a question has and names no subject.
_AROUND = re.compile(
    r"\b(?:wurden?|worden|getroffen|gefällt|gefasst|gibt|ont|été|prises?|sont|cosa|che|è|stat[oi]|stata|state"
    r"|prese|tomaron"
    r"|tomado|tomada?s?|foram|hay|zijn|er|genomen|gemaakt|были|было|приняты|принято)\b"
    r"|了?(?:什么|什麼)|哪些|有|关于|關於|做了|做出|吗|嗎|何[がをは]?|ですか|ました?か?|について"
    r"|[はがをのに](?=\W|\Z)|でしょうか|[은는이가을를]?(?: |\Z)(?=무엇)|무엇(?:을|이)?(?:입니까|인가요)?|했습니까",
    re.IGNORECASE,
)
_FEWEST_WORDS, _FEWEST_LETTERS = 4, 8
"""Of a script without spaces so many letters."""
_WEIGHT = 2.5


@cache
def _patterns(cue: Cue) -> re.Pattern[str]:
    return re.compile("|".join(_CUES[cue]), re.IGNORECASE)


def strength_elsewhere(text: str, cue: Cue) -> float:
    """How strongly a sentence of another language than English reads as that kind of item; 0 for none."""
    if len(text.split()) < _FEWEST_WORDS and (text.isascii() or len(text) < _FEWEST_LETTERS):
        return 0.0
    return _WEIGHT if _patterns(cue).search(text) else 0.0


def by_who_speaks(text: str) -> bool:
    """Whether it says "I" of the languages here."""
    return _SAID_BY_ONE.search(text) is not None


def asked_elsewhere(question: str) -> tuple[Cue, str] | None:
    """Which list a question of another language asks for, and what is left of it: its subject; None for none."""
    for cue, pattern in _ASKED.items():
        if re.search(pattern, question, re.IGNORECASE):
            return cue, _AROUND.sub(" ", re.sub(pattern, " ", question, flags=re.IGNORECASE))
    return None
