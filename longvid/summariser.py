"""The configured video-LLM as the indexer's ``Summariser``: the top floor's wrap of one seam into the other."""

from __future__ import annotations

from longvid_agents.material import evidence_block
from longvid_agents.video_lm import Request, VideoLM
from longvid_indexer.summariser import WriteRequest, Written

WINDOW = 8000
"""Tokens a request and its reply may take together: less than the context of every model in the table."""


class VideoLMSummariser:
    """Fulfils ``longvid_indexer.summariser.Summariser``.

    Args:
        lm: the model; only its words are used.
        window: tokens a request and its reply may take together.
    """

    def __init__(self, lm: VideoLM, window: int = WINDOW) -> None:
        self._lm = lm
        self.window = window

    @property
    def name(self) -> str:
        """The model's name."""
        return self._lm.name

    @property
    def fingerprint(self) -> str:
        """The model's fingerprint."""
        return self._lm.fingerprint

    def count(self, request: WriteRequest) -> int:
        """Tokens of instructions, task and material, by the model's own counter."""
        texts = (request.system, request.prompt, evidence_block(request.material))
        return sum(self._lm.counter.text(text) for text in texts if text)

    def write(self, request: WriteRequest) -> Written:
        """The model's reply.

        Raises:
            ModelError: it cannot answer.
        """
        reply = self._lm.reply(
            Request(
                system=request.system,
                prompt=request.prompt,
                evidence=request.material,
                max_tokens=request.max_tokens,
                budget_tokens=self.window - request.max_tokens,
                schema=request.schema,
            )
        )
        return Written(reply.text, reply.input_tokens, reply.output_tokens, reply.cut)
