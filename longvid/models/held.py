"""The models that a library's vectors are of, beside those that search uses now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from longvid_storage.models.model_record import Role

if TYPE_CHECKING:
    from longvid_storage.db.store import Store
    from longvid_storage.models.image_encoder import ImageEncoder
    from longvid_storage.models.text_encoder import TextEncoder


def of_role(models: Mapping[str, list[str]], role: Role) -> frozenset[str]:
    """The fingerprints of the text or image models among ``models`` (fingerprint → channels)."""
    return frozenset(
        fingerprint
        for fingerprint, channels in models.items()
        if any((channel == "picture") == (role == "image") for channel in channels)
    )


def stale(store: Store, *, text: TextEncoder | None, image: ImageEncoder | None) -> list[str]:
    """A sentence for each model whose vectors some videos still have, though search uses another one now.

    ``text`` and ``image`` are the encoders of search.
    Such videos are found by their words, not by meaning (or not by their pictures); where no vector is of the
    model that search uses, search refuses instead.
    """
    with store.view() as view:
        models = view.vector_models()
        counts = {model: view.videos_of_model(model) for model in models}
    told = []
    encoders: dict[Role, TextEncoder | ImageEncoder | None] = {"text": text, "image": image}
    for role, encoder in encoders.items():
        held = of_role(models, role)
        if encoder is None or encoder.fingerprint not in held:
            continue
        for other in sorted(held - {encoder.fingerprint}):
            number = counts[other]
            told.append(
                f"{number} video{'s' * (number != 1)} still {'have' if number != 1 else 'has'} {role} vectors of "
                f"{other.partition('@')[0]}, which {encoder.name} cannot be compared with: longvid index --reprocess"
            )
    return told
