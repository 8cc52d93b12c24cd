"""Addresses that are told what becomes of one's jobs."""

from __future__ import annotations

from typing import Annotated, Any

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from longvid.server.identity import IndexerDep
from longvid.server.replies import told
from longvid.server.webhooks import addresses, checked_url, told_secret
from longvid_storage.db.work import StoredWebhook
from longvid_storage.errors import UsageError

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])
MOST = 20


class WebhookForm(BaseModel):
    """Where to tell."""

    model_config = ConfigDict(extra="forbid")

    url: Annotated[str, Field(max_length=2000)]


def _plain(hook: StoredWebhook) -> dict[str, Any]:
    return {"id": hook.hook_id, "url": hook.url, "created_s": hook.created_s}


@router.get("")
def list_webhooks(request: Request, who: IndexerDep) -> Response:
    """Your webhooks; their secrets are told once, when they are made."""
    return told(
        {
            "items": [_plain(hook) for hook in request.app.state.library.work.webhooks(who.key_id)],
            "next": None,
        }
    )


@router.post("", status_code=201)
async def create_webhook(request: Request, who: IndexerDep, form: WebhookForm) -> Response:
    """Tell this address of `job.done`, `job.failed` and `job.cancelled`; the answer has the secret that signs it."""
    work, allowed = request.app.state.library.work, request.app.state.workshop.webhooks.allowed
    parts = checked_url(form.url, allowed)
    if len(await to_thread.run_sync(work.webhooks, who.key_id)) >= MOST:
        raise UsageError(f"there are {MOST} webhooks of yours, which is all there may be: delete one")
    try:
        await to_thread.run_sync(addresses, parts.hostname or "", parts.port or 443, allowed)
    except OSError:
        raise UsageError(f"there is no host {parts.hostname}: check the name") from None
    hook = await to_thread.run_sync(work.add_webhook, who.key_id, form.url)
    return told(
        _plain(hook) | {"secret": told_secret(hook.secret)}, 201, {"Location": f"/v1/webhooks/{hook.hook_id}"}
    )


@router.delete("/{hook_id}", status_code=204, response_class=Response)
def delete_webhook(request: Request, who: IndexerDep, hook_id: str) -> Response:
    """Tell it nothing more, what it has not taken yet included."""
    request.app.state.library.work.remove_webhook(who.key_id, hook_id)
    return Response(status_code=204)
