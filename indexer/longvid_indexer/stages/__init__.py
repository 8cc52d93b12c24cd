"""The stages of indexing one video, one file each, in this order:

transcript → speakers → visual → sounds → screen text → vectors → structure → summaries.

Each stage's rows are committed in one transaction together with its completion record. The record's fingerprint
names the code version, the engine and everything upstream: a stage runs again exactly when one of these changed.
A process killed anywhere redoes at most the stage it was in.
"""

from longvid_indexer.stages.job import STAGES, Job, StageEngines, run_begins
from longvid_indexer.stages.run import choose_stages, run_stage, settled, unchanged, why_again

__all__ = [
    "STAGES",
    "Job",
    "StageEngines",
    "choose_stages",
    "run_begins",
    "run_stage",
    "settled",
    "unchanged",
    "why_again",
]
