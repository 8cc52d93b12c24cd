"""What a speaker says that a part is about: "下面我们讲怎样修理水龙头", "次は自転車の修理の話です".

For languages in which keyphrases are poor titles: those without spaces, and some whose words change their endings.
"""

from __future__ import annotations

import re

_FORMS = (
    # Chinese
    r"(?:今天|今日|下面|接下[来來]|[现現]在|[这這][节節一]?[课課集]|首先|最[后後])[^，。,.]{0,4}?"
    r"(?:[讲講说說谈談聊]|介[绍紹]|[学學][习習]|[讨討][论論]|看看|了解)(?:一下|[讲講])?"
    r"(?:怎[样樣]|怎[么麼]|如何|[关關]于|關於)?(?P<zh>[\u3400-\u9fffA-Za-z0-9+# ]{2,16})",
    # Japanese
    r"(?:今日|本日|今回|次|続いて|これから)(?:は|に)?、?(?P<ja>[^、。]{2,20}?)"
    r"(?:の話|について|を(?:説明|紹介|解説|話し|学び|見て)|に(?:関して|移り))",
    # Korean
    r"(?:오늘은|이번에는|이번엔|다음은|다음으로|이제는?)\s(?P<ko>[^.,]{2,24}?)(?:을|를|에 대해서?|에 관해서?)\s"
    r"(?:알려|이야기|설명|소개|배우|배워|살펴|말씀|공부|다루)",
    # Thai
    r"(?:วันนี้|ต่อไป|ตอนนี้)(?:เรา)?(?:จะ|มา)*(?:เรียนรู้|เรียน|พูดถึง|พูดเรื่อง|คุยเรื่อง|สอน|แนะนำ)(?:เรื่อง)?(?P<th>[^\s.]{2,40})",
    # Russian, Ukrainian: with the preposition, which the ending goes with
    r"\b(?:сегодня|теперь|дальше|далее|сейчас|сьогодні|тепер)\s(?:мы\s|ми\s|я\s)?(?:будем\s)?"
    r"(?:говорим|поговорим|говорить|расскажу|рассказываем|обсудим|обсуждаем|говоримо|поговоримо|розповім)\s"
    r"(?P<ru>(?:о|об|про)\s[^.,!?]{3,40})",
    # Arabic
    r"(?:اليوم|الآن|بعد ذلك)\s(?:سوف\s)?س?(?:نتعلم|نتحدث|نتكلم|نناقش|نشرح|نتناول)\s(?:عن\s)?(?P<ar>[^.،]{3,40})",
)
_ANNOUNCED = re.compile("|".join(_FORMS), re.IGNORECASE)


def announced(text: str) -> str | None:
    """The subject that a sentence announces, its first letter large; None where it announces none."""
    found = _ANNOUNCED.search(text)
    subject = next((each.strip() for each in found.groups() if each), "") if found else ""
    return subject[:1].upper() + subject[1:] if subject else None
