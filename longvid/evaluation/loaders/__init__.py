"""Published annotation files into question lines; one module a dataset, each with ``load(path, options)``.

The files themselves are the user's: their licences (most allow research only) do not allow passing them on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from longvid.evaluation.loaders.common import Imported, LoadOptions
from longvid_storage.errors import LongvidError, UsageError


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset whose annotations can be read: its name here, what to point at, what its spans are."""

    name: str
    files: str
    spans: str


DATASETS: dict[str, Dataset] = {
    dataset.name: dataset
    for dataset in (
        Dataset("qvhighlights", "highlight_{train,val}_release.jsonl", "relevant windows"),
        Dataset("activitynet-rtl", "annot_val_1_q229.json or the train file", "the two times in the answer"),
        Dataset("cg-bench", "cgbench.json or cgbench_mini.json", "clue intervals"),
        Dataset("lvbench", "video_info.meta.jsonl", "time reference"),
        Dataset("video-mme", "the .parquet, or the evaluation template .json", "none"),
        Dataset("longvideobench", "lvb_val.json", "referred frames as instants, with --frame-rate"),
        Dataset("mlvu", "a task's .json or the folder of them", "none"),
        Dataset("qmsum", "a meeting's .json, the folder of them, or .jsonl", "turns, with --turns"),
    )
}


def load(name: str, path: Path, options: LoadOptions | None = None) -> Imported:
    """Read the annotation file(s) of dataset ``name`` at ``path``.

    Raises:
        UsageError: no such dataset or path, or the files are not in the form that dataset publishes.
    """
    if name not in DATASETS:
        raise UsageError(f'no loader for "{name}"; there are: {", ".join(DATASETS)}')
    if not path.exists():
        raise UsageError(f"{path} does not exist; give the annotation file(s): {DATASETS[name].files}")
    module = import_module(f"{__name__}.{name.replace('-', '_')}")
    read: Callable[[Path, LoadOptions], Imported] = module.load
    try:
        return read(path, options or LoadOptions())
    except LongvidError:
        raise
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OSError) as error:
        problem = f"no {error}" if isinstance(error, KeyError) else str(error)
        wanted = DATASETS[name].files
        raise UsageError(f"{path} is not in the form {name} publishes ({wanted}): {problem}") from error
