"""Questions: streamed while they are answered, or answered in one piece."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, Request
from fastapi.responses import Response

from longvid.chat import Exchange
from longvid.server import audit
from longvid.server.answering import Asking, Listener, Work
from longvid.server.answers import gives
from longvid.server.caller import Caller
from longvid.server.forms import AskForm, TurnForm
from longvid.server.identity import CallerDep, Identity
from longvid.server.routes.about import LibraryDep
from longvid_storage.errors import AccessError
from longvid_storage.types import Answer

router = APIRouter(prefix="/v1", tags=["asking"])


@router.post("/ask", responses=gives(Answer))
async def ask(request: Request, lib: LibraryDep, who: CallerDep, form: AskForm) -> Response:
    """An answer in which every claim cites video and time.

    With `Accept: text/event-stream` its events are `step`, `claim` (once it is verified), `nearest`, `answer`, `error`;
    there may be more kinds later.
    """
    asking: Asking = request.app.state.asking
    return await asking.reply(request, answerer(request, lib, who, form, form.session))


def answerer(
    request: Request,
    lib: LibraryDep,
    who: Caller,
    form: TurnForm,
    session: str | None,
    before: Sequence[Exchange] = (),
) -> Work:
    """What answers a form's question, in a conversation if one is named, within what its caller may spend today.

    ``before``: what was asked until then, in a conversation that somebody else keeps.
    """
    identity: Identity = request.app.state.identity
    if who.tokens_left == 0 and not form.extractive and lib.engines.video_lm is not None:
        raise AccessError(
            "the tokens that this key has for today are used up: ask with extractive true, or tomorrow",
            code="cost_limit",
        )
    budgets = [each for each in (form.budget_tokens, who.tokens_left or None) if each is not None]

    def work(heard: Listener) -> Answer:
        if session is not None:
            with lib.chat(session, **form.filters(), extractive=form.extractive) as chat:
                answer = chat.ask(form.question, on_event=heard).answer
        else:
            answer = lib.ask(
                form.question,
                **form.filters(),
                extractive=form.extractive,
                budget_tokens=min(budgets) if budgets else None,
                budget_seconds=form.budget_seconds,
                before=before,
                on_event=heard,
            )
        identity.spend(who, answer.usage.tokens)
        cited = [each.video_id for claim in answer.claims for each in claim.citations]
        audit.note(request, form.question, cited, session=session, **form.filters())
        return answer

    return work
