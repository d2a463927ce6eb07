"""test_data.py - datasets, readers, recipes, encoders, folds, scores"""
# SPDX-License-Identifier: MIT
from __future__ import annotations

import gzip
import json
import pathlib
import pickle

import numpy as np
import pytest

import mirnet

FASTA = ">one first\nGUGAGU\nGGG\n>two\nacgtn\n"
CSV = "name,sequence,class,family\na,ACGU,TRUE,f1\nb,GGGG,FALSE,f2\nc,ACGT,TRUE,f1\n"


def test_fasta_is_read(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "two.fa"
    path.write_text(FASTA)
    data = mirnet.Dataset.load(path, label="canonical")
    assert len(data) == 2
    assert data.names == ["one", "two"]
    assert data.sequences == ["GUGAGUGGG", "ACGUN"]
    assert data.lengths.tolist() == [9, 5]
    assert data.classes == ["canonical"] and data.labels.tolist() == [0, 0]
    assert data[-1] == mirnet.Record("two", "ACGUN", "", "canonical", "")
    assert [record.name for record in data] == data.names
    with pytest.raises(IndexError, match="record 2: expected -2 to 1"):
        data[2]


def test_gzip_and_str_paths_are_read(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "two.fa.gz"
    path.write_bytes(gzip.compress(FASTA.encode()))
    assert mirnet.Dataset.load(str(path)).names == ["one", "two"]
    assert [record.sequence for record in mirnet.Reader(path)] == ["GUGAGUGGG", "ACGUN"]


def test_reading_options(tmp_path: pathlib.Path) -> None:
    data = mirnet.Dataset.from_bytes(CSV.encode(), group_column="family", rename={"TRUE": "mirtron", "FALSE": "other"})
    assert data.classes == ["mirtron", "other"]
    assert data.class_sizes == {"mirtron": 2, "other": 1}
    assert data.groups("group").tolist() == [0, 1, 0]
    assert data.groups().tolist() == [0, 1, 0]
    assert mirnet.Dataset.from_bytes(b">a\nacGU\n", mask_lower=True).sequences == ["NNGU"]
    assert mirnet.Dataset.from_bytes(b">a\nAC GU 1\n", lenient=True).sequences == ["ACGU"]
    assert mirnet.Dataset.from_bytes(b">a\n>b\nA\n", keep_empty=True).lengths.tolist() == [0, 1]
    with pytest.raises(mirnet.InvalidError, match="format 'gff': expected one of any, fasta"):
        mirnet.Dataset(format="gff")
    with pytest.raises(mirnet.FormatError):
        mirnet.Dataset.from_bytes(b">a\nACGU\n", format="csv")


def test_tables_with_and_without_groups() -> None:
    with_groups, without = "name,sequence,class,group\na,ACGU,x,g\nb,GGGG,y,g\n", "a,ACGU,x\nb,GGGG,y\n"
    assert mirnet.Dataset.from_bytes(with_groups.encode()).groups("group").tolist() == [0, 0]
    assert mirnet.Dataset.from_bytes(without.encode()).groups("group").tolist() == [0, 1]
    with pytest.raises(mirnet.FormatError, match="no column 'group'"):
        mirnet.Dataset.from_bytes(without.encode(), group_column="group")


def test_reading_errors_say_where(tmp_path: pathlib.Path) -> None:
    with pytest.raises(mirnet.MissingFileError, match="none.fa: cannot open") as caught:
        mirnet.Dataset.load(tmp_path / "none.fa")
    assert caught.value.errno == 2
    with pytest.raises(FileNotFoundError):
        mirnet.Reader(tmp_path / "none.fa")
    with pytest.raises(mirnet.FormatError, match="^mine:2: "):
        mirnet.Dataset.from_bytes(b">a\nAC-GU\n", source="mine")
    with pytest.raises(mirnet.FileError):
        mirnet.Dataset.load(tmp_path)


def test_a_faulty_file_appends_nothing(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "bad.fa"
    path.write_text(">a\nACGU\n>b\nACG!\n")
    data = mirnet.Dataset.from_sequences(["ACGU"])
    with pytest.raises(mirnet.FormatError):
        data.append(path)
    assert len(data) == 1


def test_reader_holds_its_bytes() -> None:
    reader = mirnet.Reader(b">a\nACGU\n>b\nGG\n")
    import gc

    gc.collect()
    assert [record.name for record in reader] == ["a", "b"]
    assert list(reader) == []
    reader.close()
    with pytest.raises(mirnet.StateError, match="this Reader is closed"):
        next(reader)


def test_sequences_and_labels() -> None:
    data = mirnet.Dataset.from_sequences(["acgt", "GGG", "AAA"], ["x", "y", "x"], groups=[1, 2, 1], names=list("abc"))
    assert data.sequences == ["ACGU", "GGG", "AAA"]
    assert data.classes == ["x", "y"] and data.labels.tolist() == [0, 1, 0]
    assert data.groups("group").tolist() == [0, 1, 0]
    numbered = mirnet.Dataset.from_sequences(["A", "C", "G"], np.array([1, 0, 1]), classes=["p", "q"])
    assert numbered.labels.tolist() == [1, 0, 1] and numbered.classes == ["p", "q"]
    assert mirnet.Dataset.from_sequences(["A"], [1]).classes == ["0", "1"]
    assert mirnet.Dataset.from_sequences(["A", "C"]).labels.tolist() == [-1, -1]


@pytest.mark.parametrize(
    ("sequences", "options", "error", "message"),
    [
        ("ACGU", {}, TypeError, "sequences: expected a list of texts, got one text"),
        (["A", 3], {}, TypeError, r"sequences\[1\]: expected str, got int"),
        (["A"], {"labels": ["x", "y"]}, ValueError, "labels: expected 1 of them as of the sequences, got 2"),
        (["A", "C"], {"labels": ["x", 1]}, TypeError, "all of one kind"),
        (["A"], {"labels": [2], "classes": ["x", "y"]}, ValueError, r"labels\[0\] is 2: expected 0 to 1"),
        (["A"], {"labels": ["z"], "classes": ["x", "y"]}, mirnet.FormatError, "z"),
        (["A"], {"labels": [0.5]}, TypeError, "class names or class numbers"),
        (["A\0C"], {}, ValueError, "without NUL"),
        (["AXC"], {}, mirnet.FormatError, "X"),
    ],
)
def test_wrong_sequences_are_refused(sequences: list[str], options: dict, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        mirnet.Dataset.from_sequences(sequences, **options)


def test_names_that_are_no_utf8_survive() -> None:
    data = mirnet.Dataset.from_bytes(b">caf\xe9\nACGU\n")
    again = mirnet.Dataset.from_sequences(data.sequences, names=data.names)
    assert again.names == data.names and data.names[0].encode("utf-8", "surrogateescape") == b"caf\xe9"


def test_report_and_digest() -> None:
    data = mirnet.Dataset.from_sequences(["ACGU", "ACGT", "GGNG"], ["x", "y", "x"])
    report = data.report
    assert report["records"] == 3 and report["unique_sequences"] == 2
    assert report["conflicts"] == 1 and report["ambiguous_records"] == 1 and report["median_length"] == 4
    assert len(data.digest) == 64
    assert data.digest != mirnet.Dataset.from_sequences(["ACGU"], ["x"]).digest


def test_simulated_sets_are_those_of_the_seed() -> None:
    assert mirnet.Dataset.simulate(5, seed=2).sequences == mirnet.Dataset.simulate(5, seed=2).sequences
    assert mirnet.Dataset.simulate(5, seed=2).sequences != mirnet.Dataset.simulate(5, seed=3).sequences


def test_datasets_can_be_changed_and_closed() -> None:
    data = mirnet.Dataset()
    data.add("a", "ACGU", label="x", group="g", structure="(())")
    data.add("b", "GGGG", label="y")
    data.set_positive("y")
    assert data.classes == ["y", "x"] and data[0] == mirnet.Record("a", "ACGU", "(())", "x", "g")
    assert repr(data) == "<Dataset of 2 records (1 y, 1 x)>"
    with data:
        pass
    assert data.closed and repr(data) == "<Dataset, closed>"
    data.close()
    with pytest.raises(mirnet.StateError, match="this Dataset is closed"):
        len(data)
    with pytest.raises(mirnet.StateError), data:
        pass


def test_datasets_are_pickled(dataset: mirnet.Dataset) -> None:
    again = pickle.loads(pickle.dumps(dataset))
    assert list(again) == list(dataset) and again.digest == dataset.digest and again.classes == dataset.classes


def test_recipes_by_name_file_mapping_and_text(tmp_path: pathlib.Path) -> None:
    assert "tasdelen2021" in mirnet.Recipe.builtin_names()
    recipe = mirnet.Recipe("tasdelen2021")
    assert recipe.name == "tasdelen2021" and repr(recipe) == "<Recipe tasdelen2021>"
    path = tmp_path / "mine.json"
    path.write_text(recipe.json)
    for other in (mirnet.Recipe(path), mirnet.Recipe(str(path)), mirnet.Recipe(recipe.to_dict()), recipe.copy()):
        assert other.json == recipe.json
    assert mirnet.Recipe.from_json(recipe.json.encode()).json == recipe.json
    assert pickle.loads(pickle.dumps(recipe)).json == recipe.json


def test_recipe_options_have_their_kinds() -> None:
    recipe = mirnet.Recipe("linear-ends")
    recipe.update({"training.epochs": 7, "training.learning_rate": 0.5, "training.shuffle": False})
    assert recipe["training.epochs"] == 7 and isinstance(recipe["training.epochs"], int)
    assert recipe["training.learning_rate"] == 0.5 and recipe["training.shuffle"] is False
    assert recipe["encoder.align"] == "both-ends"
    recipe["training.optimizer"] = "sgd"
    assert recipe["training.optimizer"] == "sgd" and recipe.to_dict()["training"]["epochs"] == 7
    recipe["training.epochs"] = None
    assert recipe["training.epochs"] == 1
    assert set(recipe) == set(recipe.keys()) == {option.key for option in mirnet.options()}


@pytest.mark.parametrize(
    ("key", "value", "error", "message"),
    [
        ("training.epoch", 3, mirnet.NotFoundError, "do you mean .*training.epochs"),
        ("training.epochs", 0, mirnet.InvalidError, "training.epochs"),
        ("training.epochs", 1.5, mirnet.InvalidError, "training.epochs"),
        ("training.epochs", "many", TypeError, "expected a number, got 'many'"),
        ("training.optimizer", "adamax", mirnet.InvalidError, "adamax"),
        ("training.optimizer", 3, TypeError, "expected text, got int"),
    ],
)
def test_wrong_options_are_refused(key: str, value: object, error: type, message: str) -> None:
    recipe = mirnet.Recipe("linear-ends")
    before = recipe.json
    with pytest.raises(error, match=message):
        recipe[key] = value
    assert recipe.json == before


def test_options_are_those_of_the_documentation(root: pathlib.Path) -> None:
    text = (root / "doc" / "spec-format.md").read_text()
    options = mirnet.options()
    assert len(options) > 30
    for option in options:
        assert f"| `{option.key}` |" in text
    by_key = {option.key: option for option in options}
    assert by_key["training.batch_size"][1:] == ("integer", "samples in a step", (), 32, 1.0, 1e6)
    assert by_key["encoder.align"].words == ("left", "right", "both-ends")


def test_recipe_errors_say_where() -> None:
    with pytest.raises(mirnet.NotFoundError, match="tasdelen: neither a built-in recipe nor a file"):
        mirnet.Recipe("tasdelen")
    with pytest.raises(mirnet.FormatError, match=r"^mine:3:"):
        mirnet.Recipe.from_json('{"model":\n{},\n}', "mine")
    with pytest.raises(mirnet.InvalidError, match="what JSON can hold"):
        mirnet.Recipe({"model": {1, 2}})
    with pytest.raises(mirnet.InvalidError, match="what JSON can hold"):
        mirnet.Recipe({"model": float("nan")})
    layer = {"class_name": "Lambda", "config": {"name": "mine"}}
    with pytest.raises(mirnet.UnsupportedError, match="Lambda"):
        mirnet.Recipe({"model": {"class_name": "Sequential", "config": {"layers": [layer]}}})


def test_recipe_classes_and_weights() -> None:
    recipe = mirnet.Recipe("linear-ends")
    recipe.classes = ["yes", "no"]
    assert recipe.classes == ["yes", "no"]
    recipe.set_class_weight(1, 2.5)
    assert recipe.get_class_weight(0) == 1 and recipe.get_class_weight(1) == 2.5
    assert recipe["training.class_weight"] == "given"
    assert recipe.to_dict()["classes"] == ["yes", "no"]
    with pytest.raises(TypeError, match="expected a list of texts"):
        recipe.classes = "yes"


def test_encoders() -> None:
    encoder = mirnet.Encoder(length=6)
    assert (encoder.length, encoder.channels, encoder.size) == (6, 4, 24)
    x = encoder.encode(["AUGC", "tN"])
    assert x.shape == (2, 6, 4) and x.dtype == np.float32
    assert x[0, :4].tolist() == np.eye(4).tolist() and not x[0, 4:].any()
    assert x[1, 0].tolist() == [0, 1, 0, 0] and not x[1, 1:].any()
    assert encoder.encode([]).shape == (0, 6, 4)
    ends = mirnet.Encoder("linear-ends")
    assert ends.encode(["ACGU"]).shape == (1, 8, 8)
    assert (pickle.loads(pickle.dumps(encoder)).encode(["AUGC"]) == encoder.encode(["AUGC"])).all()
    with pytest.raises(mirnet.ShapeError, match=r"^sequences\[1\]: "):
        encoder.encode(["A", "AAAAAAA"])
    with pytest.raises(mirnet.FormatError, match=r"^sequences\[0\]: .*position 2"):
        encoder.encode(["A!"])
    with pytest.raises(mirnet.NotFoundError, match="encoder.lenght"):
        mirnet.Encoder(lenght=5)


def test_folds_are_scikit_learns() -> None:
    model_selection = pytest.importorskip("sklearn.model_selection")
    labels = np.array([0, 1, 1, 0, 2, 1, 0, 2, 2, 0, 1, 1, 0, 0, 2] * 4)
    ours = mirnet.Folds(labels, 4, shuffle=False)
    theirs = model_selection.StratifiedKFold(4).split(labels, labels)
    for (train, test), (their_train, their_test) in zip(ours, theirs):
        assert train.tolist() == their_train.tolist() and test.tolist() == their_test.tolist()
        assert train.dtype == test.dtype == np.int64
    groups = np.arange(60) // 3
    grouped = mirnet.Folds(labels, 3, groups=groups, shuffle=False)
    assert all(not set(groups[train]) & set(groups[test]) for train, test in grouped)


def test_folds_take_names_and_are_pickled() -> None:
    names = ["b", "a", "b", "a", "b", "a"]
    folds = mirnet.Folds(names, 3, seed=4)
    assert len(folds) == 3 and folds.assignment.tolist() == mirnet.Folds([0, 1] * 3, 3, seed=4).assignment.tolist()
    again = pickle.loads(pickle.dumps(folds))
    assert again.assignment.tolist() == folds.assignment.tolist()
    assert sorted(np.concatenate([test for _, test in folds])) == list(range(6))
    with pytest.raises(IndexError):
        folds[3]
    with pytest.raises(mirnet.InvalidError):
        mirnet.Folds([0, 1], 3)
    with pytest.raises(mirnet.ShapeError, match="groups: expected 2"):
        mirnet.Folds([0, 1], 2, groups=[1])
    with pytest.raises(TypeError, match="labels: expected whole numbers"):
        mirnet.Folds([0.5, 1.5], 2)


def test_scores_are_scikit_learns() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(5)
    positive = rng.integers(0, 2, 300)
    p = np.round(np.clip(rng.normal(0.35 + 0.3 * positive, 0.2), 0, 1), 2).astype(np.float32)
    y = 1 - positive  # class 0 is positive
    scores = mirnet.Scores(["yes", "no"])
    scores.add(y[:100], np.stack([p, 1 - p], 1)[:100])
    scores.add(np.array(["yes", "no"])[y[100:]], np.stack([p, 1 - p], 1)[100:])
    predicted = (p >= 0.5).astype(int)
    assert scores["accuracy"] == pytest.approx(metrics.accuracy_score(positive, predicted), abs=1e-12)
    assert scores["mcc"] == pytest.approx(metrics.matthews_corrcoef(positive, predicted), abs=1e-12)
    assert scores["auroc"] == pytest.approx(metrics.roc_auc_score(positive, p), abs=1e-12)
    assert scores["aupr"] == pytest.approx(metrics.average_precision_score(positive, p), abs=1e-12)
    assert scores.confusion.tolist() == metrics.confusion_matrix(y, 1 - predicted).tolist()
    x, tpr, _ = metrics.roc_curve(positive, p, drop_intermediate=False)
    assert np.allclose(scores.roc(), (x, tpr), atol=1e-12)
    precision, recall, _ = metrics.precision_recall_curve(positive, p)
    ours = scores.precision_recall()
    assert np.allclose(ours, (recall, precision), atol=1e-12)
    assert scores.to_dict()["count"] == 300 and isinstance(scores["tp"], int) and set(scores) == set(scores.keys())
    again = pickle.loads(pickle.dumps(scores))
    assert again.to_dict() == scores.to_dict() and again.classes == ["yes", "no"]


def test_scores_take_counts_and_refuse_nonsense() -> None:
    scores = mirnet.Scores()
    scores.add_counts(90, 10, 5, 95)
    assert scores["sensitivity"] == 0.9 and scores["specificity"] == 0.95
    assert pickle.loads(pickle.dumps(scores))["tp"] == 90
    scores.reset()
    assert scores["count"] == 0
    with pytest.raises(mirnet.ShapeError, match=r"probabilities: expected shape \(1, 2\), got \(1, 3\)"):
        scores.add([0], np.zeros((1, 3)))
    with pytest.raises(mirnet.InvalidError, match=r"y_true\[1\] is 'maybe'"):
        mirnet.Scores(["yes", "no"]).add(["yes", "maybe"], np.zeros((2, 2)))
    with pytest.raises(mirnet.NumericError):
        scores.add([0], [[np.nan, 1]])
    with pytest.raises(mirnet.InvalidError):
        scores.add([2], [[0.5, 0.5]])
    with pytest.raises(mirnet.NotFoundError, match="figure 'f2': expected one of accuracy"):
        scores["f2"]


def test_summaries_are_scipys() -> None:
    stats = pytest.importorskip("scipy.stats")
    values = [0.91, 0.87, 0.95, 0.9, 0.89]
    summary = mirnet.summarize(values)
    assert summary.mean == pytest.approx(np.mean(values), abs=1e-12)
    assert summary.median == 0.9 and summary.sd == pytest.approx(np.std(values, ddof=1), abs=1e-12)
    low, high = stats.t.interval(0.95, 4, np.mean(values), stats.sem(values))
    assert (summary.t_low, summary.t_high) == pytest.approx((low, high), abs=1e-6)
    with pytest.raises(mirnet.InvalidError):
        mirnet.summarize([])


def test_recipe_json_is_what_keras_reads() -> None:
    model = json.loads(mirnet.Recipe("tasdelen2021").json)["model"]
    assert model["class_name"] == "Sequential" and model["config"]["layers"][0]["class_name"]
