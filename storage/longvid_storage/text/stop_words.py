"""The commonest function words of some languages: left out of questions, and what tells languages apart.

Kept lists were tried instead: stopwordsiso 0.7 (English 1,298, Russian 559 words) and stop-words 2025.11 (1,333 and
421) have words in them that people ask for ("fifteen", "novel", "point"; "вода" water, "голос" voice, "ночь" night;
"beispiel", "jahre"), and a question without its word is lost, while a function word too many costs next to nothing in
BM25.
"""

from __future__ import annotations

_LISTS = {
    "en": """a about above after again all also am an and any anyone are as at be because been before being between
        both but by can could d did do does doing don down each ever every few for from further get had has have
        having he her here hers him his how i if in into is isn it its itself just let ll m may me might more most
        much my no nor not now of off on once one only or other our ours out over own re s same shall she should so
        some such t than that the their theirs them then there these they this those through to too under until up
        upon us ve very was we were what when where whether which while who whom whose why will with would yes yet
        you your yours""",
    "de": """aber alle als also am an auch auf aus bei bin bis bist da damit dann das dass dein dem den der des dich
        die dies diese diesem diesen dieser dieses dir doch dort du durch ein eine einem einen einer eines er es euch
        für hat hatte habe haben hier hin ich ihm ihn ihr ihre im in ist ja jede jeder jetzt kann kein keine können
        man mein mich mir mit muss nach nicht noch nun nur ob oder ohne sehr sein seine sich sie sind so über um und
        uns unter vom von vor war warum was weil wenn wer werden wie wieder wir wird wo würde zu zum zur""",
    "fr": """a ai au aux avec ce ces cet cette ceux comme d dans de des donc du elle elles en est et été être eux fait
        il ils j je l la le les leur leurs lui m ma mais me mes moi mon n ne nos notre nous on ont ou où par pas peut
        plus pour pourquoi qu quand que quel quelle quelles quels qui s sa se ses si son sont sur t ta te tes toi ton
        tout tous tu un une va vos votre vous y""",
    "es": """a al algo ante así aunque cada como con cual cuando de del desde donde dos el él ella ellas ellos
    en entre
        era es esa ese eso esta está están este esto estos fue ha han hasta hay la las le les lo los más me mi
        mientras
        muy nada ni no nos nosotros o os otra otro para pero por porque que qué quien se ser si sí sin sobre
        son su sus
        también tan te tiene todo todos tu un una uno unos y ya yo""",
    "it": """a ad ai al alla alle anche c che chi ci come con cosa così cui da dal dalla degli dei del della delle di
        dove e è ed era essere gli ha hanno ho i il in io l la le lei loro lui ma me mi nei nel nella no noi non o
        per perché più quale quando quello questa questo qui se si sono su sul sulla suo tra tu tutti tutto un una uno
        vi voi""",
    "pt": """a ao aos as até com como da das de dela dele do dos e é ela elas ele eles em entre era essa esse
    esta está
        este eu foi há isso isto já lhe mais mas me mesmo meu minha muito na não nas nem no nos nós o os ou para pela
        pelo por porque qual quando que quem se sem ser seu sua são também te tem um uma você vocês""",
    "nl": """aan al alle als bij dan dat de deze die dit doen door dus een en er ge geen had heb hebben heeft het hier
        hij hoe hun ik in is ja je kan kunnen maar me meer men met mij mijn na naar niet nog nu of om omdat ons ook op
        over te tot u uit van veel voor waar waarom was wat we wel werd wie wij wil worden wordt zal ze zich zij zijn
        zo zou""",
    "sv": """alla allt att av bara blev bli då de dem den deras dess det detta dig din du där efter ej eller en er ett
        från för ha hade han hans har hon hur här i icke in inte jag ju kan man med mig min mot mycket när ni
        nu och om
        oss på sig sin ska som så till under upp ut vad var vara varför vem vi vid är över""",
    "da": """af alle alt anden at blev blive da de dem den denne der deres det dette dig din dog du efter
    eller en end er
        et for fra ham han hans har havde hende her hos hun hvad hvem hvis hvor hvorfor i ikke ind jeg kan man
        med meget
        men mig min mod når og også om op os på sig skal som sådan til ud under var vi vil vor være""",
    "pl": """a aby ale bez być był była było być co czy dla do gdy gdzie go i ich ile im ja jak jako je jego jej jest
        jeszcze już każdy kiedy kto która które który lub ma mnie może my na nad nie nim niż o od on ona one oni oraz
        po pod przez przy się są ta tak tam te tego tej ten to tu tym w we wszystko z za że""",
    "tr": """ama ben bir biz bu böyle çok da daha de değil diye en gibi hem hep her hiç için ile ise kadar ki
    kim mi mu
        nasıl ne neden nerede niye o olan olarak oldu olduğu onlar onu şey siz şu ve veya ya yani""",
    "ru": """а без бы был была были было быть в вам вас весь во вот все всего вы где да для до его ее если
    есть еще же за
        здесь и из или им их к как ко когда кто ли либо мне может мы на над надо наш не него нет но ну о об однако он
        она они оно от очень по под при с со так также там те тем то того тоже той только том ты у уже чем что чтобы
        эта эти это этот я""",
    "ar": """في من على إلى عن مع هذا هذه ذلك تلك التي الذي الذين ما ماذا متى أين كيف لماذا هل لا لم لن إن أن
    أو ثم قد كان
        كانت هو هي هم نحن أنا أنت كل بعض بين حتى عند لكن و ف ب ل""",
    "zh": """的 了 是 在 我 有 和 就 不 人 都 一 也 很 到 说 要 去 你 会 着 看 好 这 那 什么 怎么 为什么 吗 呢
        他 她 们 我们 你们 他们 这个 那个 一个 没有 可以 怎样 怎 样 如何 哪里 谁 多少 因为 所以 但是 如果 还
        就是 然后 现在 已经 这样 那样 以后 以前 之后 先 再 把 被 给 让 从 对 与 或 及 等 吧 啊 里 上 下 中 最
        每 两 三 次 个""",
    "ja": """の に は を が た で て と し れ さ い も な よ へ や から まで より こと もの これ それ あれ この その
        あの ここ そこ どこ ため です ます ました ません 何 誰 ですか ください ましょう する します した して
        いる います ある あります ない なる よう""",
    "hi": """है हैं था थी थे हो हूँ का की के को से में पर और या यह वह ये वे एक हम आप मैं तुम इस उस इन उन जो तो
        भी ही नहीं न
        कर करना किया गया गई जाता जाती जाते जाए होता होती होते होना चाहिए लिए तक साथ अगर यदि ने कि अब फिर कुछ सब बहुत""",
    "ko": """이 그 저 것 수 등 및 또 더 안 못 잘 다 좀 그리고 그런데 하지만 그래서 그러면 있습니다 없습니다 입니다
        합니다""",
    "th": """นี้ เรา จะ ที่ และ ใน ของ ให้ ได้ เป็น ไม่ มี กับ แล้ว ก็ ว่า มา ไป จาก นั้น ครับ ค่ะ คือ แต่ หรือ
        วัน ลง ด้วย""",
}
STOP_WORDS: dict[str, frozenset[str]] = {code: frozenset(words.split()) for code, words in _LISTS.items()}
"""Language code → its function words, lower-case, apostrophes being ends of words ("isn't" is "isn" and "t")."""

_ASKING = {
    "en": """answer answered answers ask asked asking believe believed comment comments describe described describes
        describing detail details discuss discussed discusses discussing discussion discussions exactly explain
        explained explaining explains explanation find give given gives gave happen happened happens know known list
        main mean meaning means mention mentioned mentions name named often opinion opinions part point points question
        questions recommend recommended regard regarding said say saying says show shows speak speaker speakers spoke
        state stated states summarise summarize summary talk talked talking talks tell tells thing things think thinks
        thought thoughts told topic topics video videos view views lecture lectures lecturer meeting meetings
        presenter presentation group team people participants define defined defines defining definition introduce
        introduced introduces time times first concerning towards related recording clip slide slides shown
        showed showing according go goes went come comes came""",
    "de": """womit wozu wofür wodurch woran wohin woher worum worüber welche welcher welches welchen welchem wieviel
        wieviele viel viele lange oft wann beim wurde wurden hoch groß weit alt teuer schwer tief breit dick
        schnell macht mache machst tun tut tue wer was wie wo
        machen sagen sagt sagte gesagt gibt heißt bedeutet braucht dauert man muss soll sollte darf laut zufolge
        geht gehen kommt kommen liegt liegen befindet befinden findet statt passiert passieren geschieht hängt hängen
        steht stehen""",
    "fr": """combien comment quand quoi quel quelle où temps faut faire fait fais dit dire dois
        doit doivent peut trouve trouvent dure est-ce selon vont vient viennent tient tiennent""",
    "es": """cuándo dónde quién quiénes cuál cuáles cuánto cuánta cuántos cuántas cómo tiempo hago hacer hace
        haces hacemos
        dice dijo debe deben debo tarda dura encuentra según adónde va van viene vienen queda quedan celebra pasa pasará
        sucede""",
    "it": """quanto quanta quanti quante cosa dove quando come quale quali tempo fa fare faccio facciamo detto
        dice dov dov'è cos com'è deve devono devo dura trova secondo va vanno viene vengono succede""",
    "pt": """quanto quanta quantos quantas onde quando qual quais tempo fazer faço faz fazemos disse deve
        devem devo demora demoram dura fica preciso segundo vai vão vem acontece""",
    "nl": """hoe hoeveel lang wanneer waar waarmee waarvoor waarom wat wie welke welk doe doet doen zegt gezegd moet
        moeten duurt volgens gaat gaan komt komen ligt liggen gebeurt""",
    "sv": """vad var när hur vem vilken vilket vilka varför länge mycket många gör säger sa""",
    "da": """hvad hvor hvornår hvordan hvem hvilken hvilket hvilke hvorfor længe meget mange gør siger sagde""",
    "no": """hva hvor når hvordan hvem hvilken hvilket hvilke hvorfor lenge mye mange gjør sier sa""",
    "fi": """mikä mitä missä mihin milloin miten kuka miksi kuinka montako kauan tehdään sanotaan""",
    "pl": """co czym czego gdzie kiedy jak jaki jaka jakie ile kto który która które dlaczego długo robić
        zrobić kogo komu
        należy""",
    "cs": """co čím kde kdy jak kdo proč kolik který která které dlouho dělat říká""",
    "hu": """mi mit mivel hol mikor hogyan ki miért mennyi hány meddig""",
    "tr": """ne neyle nerede nereye nereden kaç hangi hangisi nasıl kim neden niye zaman yapılır yaparız yapmalı""",
    "th": """เท่าไหร่ เท่าไร กี่ อะไร ที่ไหน เมื่อไหร่ เมื่อไร อย่างไร ยังไง ใคร ทำไม ไหน ไหม หรือไม่ ใด""",
    "vi": """gì nào đâu ai sao bao nhiêu khi thế tại mấy""",
    "ro": """ce unde când cum cine cât câte care face spune""",
    "id": """apa mana kapan bagaimana siapa mengapa berapa lama""",
    "el": """τι πού πότε πώς ποιος ποια ποιο γιατί πόσο πόση πόσα""",
    "uk": """що чим де коли як хто чому скільки який яка яке які""",
    "hi": """क्या कब कहाँ कहां कौन कौनसा किस किससे किसे किसने किसका कैसे क्यों कितना कितने कितनी बताओ बताइए करें""",
    "ko": """무엇 무엇을 무엇이 무엇으로 무엇에 무엇입 뭐 뭘 뭐가 어디 어디에 어디서 어디로 언제 누가 누구 누구를 누구의
        왜
        어떻게 얼마나 얼마 몇 어느 어떤 무슨 있습 합 됩 입 하 있 되 해야 합니다""",
    "ru": """чем сколько делать какой какая какие какое почему зачем куда откуда нужно говорят сказал
        согласно словам идёт идет находится лежит""",
    "zh": """什么时候 什么 怎么办 怎么样 怎么 为什么 多久 多少 哪里 哪儿 哪个 谁 吗 呢 如何 才能 的 在""",
    "ja": """いくら いくつ 何時 何人 どれ どちら どんな
        いつ どこ どのくらい どれくらい どうすれば どう 何 誰 なぜ ですか しますか ましたか ますか には
        を は が""",
}
ASKING_WORDS: dict[str, frozenset[str]] = {code: frozenset(words.split()) for code, words in _ASKING.items()}
"""Language code → words that ask rather than name what is asked about: every question has them, no answer needs them.

In scripts without spaces they are where a question is cut before its pairs of characters are taken.
"""
