#!/usr/bin/python3
# check_sklearn.py - folds, scores and summaries against scikit-learn and SciPy, on random cases
# SPDX-License-Identifier: MIT
"""usage: check_sklearn.py [LIBRARY]   (default: the environment variable MIRNET_LIBRARY)

Prints one line a check and ends with "N passed, N failed", where N counts checks, not the random cases within them.
"""
import ctypes
import os
import sys
import traceback
import warnings

try:
    import numpy as np
    import scipy.stats
    import sklearn
    from sklearn import metrics
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
except ImportError as error:
    print(f"skipped: {error}")
    print("0 passed, 0 failed, 1 skipped")
    sys.exit(0)

warnings.filterwarnings("ignore")  # scikit-learn warns of small and missing classes: here they are meant
OK, INVALID, SHAPE, NUMERIC = 0, -1, -6, -10

c_int32_p, c_int64_p = ctypes.POINTER(ctypes.c_int32), ctypes.POINTER(ctypes.c_int64)
c_float_p, c_double_p = ctypes.POINTER(ctypes.c_float), ctypes.POINTER(ctypes.c_double)
handle, handle_p, text = ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p), ctypes.c_char_p
i32, i64, u64 = ctypes.c_int32, ctypes.c_int64, ctypes.c_uint64
PROTOTYPES = {
    "mirnet_last_message": (text, []),
    "mirnet_folds_create": (i32, [handle_p, c_int32_p, c_int64_p, i64, i32, i32, u64]),
    "mirnet_folds_destroy": (None, [handle]),
    "mirnet_folds_get_test_size": (i64, [handle, i32]),
    "mirnet_folds_get_train_size": (i64, [handle, i32]),
    "mirnet_folds_get_test": (i32, [handle, i32, c_int64_p]),
    "mirnet_folds_get_train": (i32, [handle, i32, c_int64_p]),
    "mirnet_scores_create": (i32, [handle_p, i32]),
    "mirnet_scores_destroy": (None, [handle]),
    "mirnet_scores_add": (i32, [handle, c_int32_p, c_float_p, i64]),
    "mirnet_scores_add_counts": (i32, [handle, i64, i64, i64, i64]),
    "mirnet_scores_get": (i32, [handle, text, c_double_p]),
    "mirnet_scores_get_confusion": (i32, [handle, c_int64_p]),
    "mirnet_scores_get_curve": (i32, [handle, text, c_double_p, c_double_p, c_int64_p]),
    "mirnet_scores_summarize": (i32, [c_double_p, i64, text, c_double_p]),
}


def load(path):
    library = ctypes.CDLL(path)
    for name, (result, arguments) in PROTOTYPES.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


class Failure(Exception):
    pass


def ok(status):
    if status != OK:
        raise Failure(f"status {status}: {lib.mirnet_last_message().decode()}")


def pointer(array, kind):
    return array.ctypes.data_as(kind)


class Folds:
    """The (train, test) index arrays of a division, and the status that creating it gave."""

    def __init__(self, classes, k, groups=None, shuffle=False, seed=0):
        classes = np.ascontiguousarray(classes, dtype=np.int32)
        group_pointer = None
        if groups is not None:
            groups = np.ascontiguousarray(groups, dtype=np.int64)
            group_pointer = pointer(groups, c_int64_p)
        folds = handle()
        self.status = lib.mirnet_folds_create(ctypes.byref(folds), pointer(classes, c_int32_p), group_pointer,
                                              len(classes), k, shuffle, seed)
        self.splits = []
        if self.status != OK:
            return
        for f in range(k):
            test = np.empty(lib.mirnet_folds_get_test_size(folds, f), dtype=np.int64)
            train = np.empty(lib.mirnet_folds_get_train_size(folds, f), dtype=np.int64)
            ok(lib.mirnet_folds_get_test(folds, f, pointer(test, c_int64_p)))
            ok(lib.mirnet_folds_get_train(folds, f, pointer(train, c_int64_p)))
            self.splits.append((train, test))
        lib.mirnet_folds_destroy(folds)


class Scores:
    def __init__(self, n_classes=2):
        self.handle, self.n_classes = handle(), n_classes
        ok(lib.mirnet_scores_create(ctypes.byref(self.handle), n_classes))

    def __del__(self):
        lib.mirnet_scores_destroy(self.handle)

    def add(self, classes, probabilities):
        classes = np.ascontiguousarray(classes, dtype=np.int32)
        probabilities = np.ascontiguousarray(probabilities, dtype=np.float32)
        ok(lib.mirnet_scores_add(self.handle, pointer(classes, c_int32_p), pointer(probabilities, c_float_p),
                                 len(classes)))
        return self

    def get(self, key):
        value = ctypes.c_double()
        ok(lib.mirnet_scores_get(self.handle, key.encode(), ctypes.byref(value)))
        return value.value

    def confusion(self):
        matrix = np.empty((self.n_classes, self.n_classes), dtype=np.int64)
        ok(lib.mirnet_scores_get_confusion(self.handle, pointer(matrix, c_int64_p)))
        return matrix

    def curve(self, name):
        n = i64()
        ok(lib.mirnet_scores_get_curve(self.handle, name, None, None, ctypes.byref(n)))
        x, y = np.empty(n.value), np.empty(n.value)
        ok(lib.mirnet_scores_get_curve(self.handle, name, pointer(x, c_double_p), pointer(y, c_double_p),
                                       ctypes.byref(n)))
        return x, y


def summarize(values, what):
    values, result = np.ascontiguousarray(values, dtype=np.float64), ctypes.c_double()
    ok(lib.mirnet_scores_summarize(pointer(values, c_double_p), len(values), what.encode(), ctypes.byref(result)))
    return result.value


def same(what, got, want):
    if not np.array_equal(got, want):
        raise Failure(f"{what}: {got} is not {want}")


def near(what, got, want, tolerance=1e-12):
    if np.shape(got) != np.shape(want) or not np.allclose(got, want, rtol=tolerance, atol=tolerance):
        raise Failure(f"{what}: {got!r} is not {want!r}")


def random_classes(rng, most=6, longest=200):
    """Class numbers with gaps, of uneven sizes, in any order of first appearance."""
    n, c = rng.integers(2, longest), rng.integers(1, most + 1)
    return rng.choice(50, size=c, replace=False)[rng.choice(c, size=n, p=rng.dirichlet(np.ones(c)))]


def random_binary(rng):
    """True classes, 0 being the positive one, and probabilities [n][2] that are exact in float32, often tied."""
    n, grain = rng.integers(2, 300), 2 ** rng.integers(1, 12)
    classes = rng.integers(0, 2, size=n)
    classes[:2] = rng.permutation(2)
    positive = rng.integers(0, grain + 1, size=n) / grain
    if rng.integers(2):
        positive = np.round((positive + (classes == 0)) / 2 * grain) / grain
    return classes, np.stack([positive, 1 - positive], axis=1)


def check_folds(rng):
    """folds equal StratifiedKFold's, index by index"""
    done = 0
    for _ in range(1500):
        y, k = random_classes(rng), int(rng.integers(2, 12))
        try:
            want = list(StratifiedKFold(k).split(y, y))
        except ValueError:
            same("status of a refused division", Folds(y, k).status, INVALID)
            continue
        got = Folds(y, k)
        ok(got.status)
        for f in range(k):
            same(f"training set of fold {f} of {y}", got.splits[f][0], want[f][0])
            same(f"test set of fold {f} of {y}", got.splits[f][1], want[f][1])
        done += 1
    if done < 1000:
        raise Failure(f"only {done} label vectors could be divided")
    return f"{done} label vectors, {1500 - done} refused by both"


def check_shuffled_folds(rng):
    """shuffled folds hold as many records of each class as StratifiedKFold's"""
    done = moved = 0
    while done < 1000:
        y, k, seed = random_classes(rng), int(rng.integers(2, 12)), int(rng.integers(2**63))
        if np.unique(y, return_counts=True)[1].max() < k:
            continue
        got = Folds(y, k, shuffle=True, seed=seed)
        ok(got.status)
        want = list(StratifiedKFold(k, shuffle=True, random_state=1).split(y, y))
        for f in range(k):
            same(f"classes of fold {f}", np.bincount(y[got.splits[f][1]], minlength=50),
                 np.bincount(y[want[f][1]], minlength=50))
        same("all records", np.sort(np.concatenate([test for _, test in got.splits])), np.arange(len(y)))
        again, other = Folds(y, k, shuffle=True, seed=seed), Folds(y, k, shuffle=True, seed=seed + 1)
        for f in range(k):
            same("the same seed", again.splits[f][1], got.splits[f][1])
        moved += any(not np.array_equal(got.splits[f][1], other.splits[f][1]) for f in range(k))
        done += 1
    if moved < 900:
        raise Failure(f"another seed gave other folds only {moved} times of {done}")
    return f"{done} label vectors"


def random_groups(rng, n):
    """Group numbers in any order; sizes from one record to most of them."""
    count = rng.integers(1, n + 1)
    numbers = rng.choice(10 * n, size=count, replace=False) - 5 * n
    return numbers[rng.choice(count, size=n, p=rng.dirichlet(np.full(count, rng.choice([0.2, 1, 20]))))]


def check_groups(rng):
    """folds of groups equal StratifiedGroupKFold's, index by index"""
    done = 0
    while done < 1000:
        most = int(rng.choice([2, 3, 6, 12, 40]))
        y = random_classes(rng, most, 100)
        groups, k = random_groups(rng, len(y)), int(rng.integers(2, 12))
        if len(np.unique(groups)) < k:
            same("status of too few groups", Folds(y, k, groups).status, INVALID)
            continue
        if np.unique(y, return_counts=True)[1].max() < k:
            continue  # refused there, not here: a group-wise division may still be of use
        got, want = Folds(y, k, groups), list(StratifiedGroupKFold(k).split(y, y, groups))
        if min(len(test) for _, test in want) == 0:
            same("status of a division with an empty fold", got.status, INVALID)
            continue
        ok(got.status)
        for f, (train, test) in enumerate(want):
            same(f"test set of fold {f} of {y} in {groups}", got.splits[f][1], test)
            same(f"training set of fold {f}", got.splits[f][0], train)
        done += 1
    return f"{done} label vectors"


def check_many_classes_in_groups(rng):
    """folds of groups equal StratifiedGroupKFold's with hundreds of classes or folds"""
    for n_classes, k in [(150, 3), (9, 20), (1, 9), (1, 40), (2, 60), (128, 8)]:
        y = np.concatenate([np.arange(n_classes), rng.integers(0, n_classes, size=3 * k + 500)])
        y[-k - 1:] = 0
        groups = np.concatenate([np.arange(k), rng.integers(0, 200, size=len(y) - k)])
        got = Folds(y, k, groups)
        ok(got.status)
        for f, (_, test) in enumerate(StratifiedGroupKFold(k).split(y, y, groups)):
            same(f"test set of fold {f} of {k}, {n_classes} classes", got.splits[f][1], test)
    return ""


def check_shuffled_groups(rng):
    """no group is in two shuffled folds, and every record is tested once"""
    refused = 0
    for _ in range(1000):
        y = random_classes(rng)
        groups = random_groups(rng, len(y))
        if len(np.unique(groups)) < 2:
            continue
        k = int(rng.integers(2, min(10, len(np.unique(groups))) + 1))
        got = Folds(y, k, groups, shuffle=True, seed=int(rng.integers(2**63)))
        if got.status == INVALID:  # a fold would stay empty: seen with few records of many classes
            refused += 1
            continue
        ok(got.status)
        for train, test in got.splits:
            same("groups on both sides", np.intersect1d(groups[train], groups[test]).size, 0)
            same("train and test", np.sort(np.concatenate([train, test])), np.arange(len(y)))
        same("all records", np.sort(np.concatenate([test for _, test in got.splits])), np.arange(len(y)))
    if refused > 50:
        raise Failure(f"{refused} of 1000 were refused")
    return f"{1000 - refused} label vectors"


def check_areas(rng):
    """auroc and aupr equal roc_auc_score and average_precision_score, ties included"""
    for _ in range(1500):
        y, p = random_binary(rng)
        scores = Scores().add(y, p)
        near("auroc", scores.get("auroc"), metrics.roc_auc_score(y == 0, p[:, 0]))
        near("aupr", scores.get("aupr"), metrics.average_precision_score(y == 0, p[:, 0]))
    return "1500 score vectors"


def check_counts(rng):
    """accuracy, sensitivity, specificity, precision, f1 and mcc equal scikit-learn's"""
    for _ in range(1500):
        y, p = random_binary(rng)
        predicted, scores = p.argmax(axis=1), Scores().add(y, p)
        near("accuracy", scores.get("accuracy"), metrics.accuracy_score(y, predicted))
        near("sensitivity", scores.get("sensitivity"), metrics.recall_score(y, predicted, pos_label=0))
        near("specificity", scores.get("specificity"), metrics.recall_score(y, predicted, pos_label=1))
        near("precision", scores.get("precision"),
             metrics.precision_score(y, predicted, pos_label=0, zero_division=0))
        near("f1", scores.get("f1"), metrics.f1_score(y, predicted, pos_label=0, zero_division=0))
        near("mcc", scores.get("mcc"), metrics.matthews_corrcoef(y, predicted))
        matrix = metrics.confusion_matrix(y, predicted, labels=[0, 1])
        same("confusion", scores.confusion(), matrix)
        same("tp fn fp tn", [scores.get(key) for key in ("tp", "fn", "fp", "tn")], matrix.ravel())
        same("count", scores.get("count"), len(y))
    return "1500 score vectors"


def check_log_loss(rng):
    """log_loss equals scikit-learn's, probabilities of 0 and 1 included"""
    for _ in range(1500):
        y, p = random_binary(rng)
        near("log_loss", Scores().add(y, p).get("log_loss"), metrics.log_loss(y, p, eps=1e-7, labels=[0, 1]))
    return "1500 score vectors"


def check_more_classes(rng):
    """with more than two classes: confusion, accuracy, log_loss, and class 0 against the rest"""
    for _ in range(1000):
        n_classes, n = int(rng.integers(3, 9)), int(rng.integers(1, 200))
        parts = rng.integers(1, 64, size=(n, n_classes))
        parts[:, -1] = 512 - parts[:, :-1].sum(axis=1)  # all exact in float32 and summing to 1
        y, p = rng.integers(0, n_classes, size=n), parts / 512
        predicted, scores, labels = p.argmax(axis=1), Scores(n_classes).add(y, p), np.arange(n_classes)
        same("confusion", scores.confusion(), metrics.confusion_matrix(y, predicted, labels=labels))
        near("accuracy", scores.get("accuracy"), metrics.accuracy_score(y, predicted))
        near("log_loss", scores.get("log_loss"), metrics.log_loss(y, p, eps=1e-7, labels=labels))
        near("f1", scores.get("f1"), metrics.f1_score(y == 0, predicted == 0, zero_division=0))
        near("mcc", scores.get("mcc"), metrics.matthews_corrcoef(y == 0, predicted == 0))
        if 0 < np.sum(y == 0) < n:
            near("auroc", scores.get("auroc"), metrics.roc_auc_score(y == 0, p[:, 0]))
            near("aupr", scores.get("aupr"), metrics.average_precision_score(y == 0, p[:, 0]))
    return "1000 score vectors"


def check_one_class(rng):
    """one class only: scikit-learn's values where it has them, the documented ones elsewhere"""
    for _ in range(500):
        _, p = random_binary(rng)
        for y in (np.zeros(len(p), dtype=int), np.ones(len(p), dtype=int)):
            predicted, scores = p.argmax(axis=1), Scores().add(y, p)
            same("auroc", scores.get("auroc"), 0.5)
            near("aupr", scores.get("aupr"), float(np.mean(y == 0)))
            near("aupr", scores.get("aupr"), metrics.average_precision_score(y == 0, p[:, 0]))
            near("log_loss", scores.get("log_loss"), metrics.log_loss(y, p, eps=1e-7, labels=[0, 1]))
            near("mcc", scores.get("mcc"), metrics.matthews_corrcoef(y, predicted))
            near("f1", scores.get("f1"), metrics.f1_score(y, predicted, pos_label=0, zero_division=0))
            near("sensitivity", scores.get("sensitivity"),
                 metrics.recall_score(y, predicted, pos_label=0, zero_division=0))
            near("specificity", scores.get("specificity"),
                 metrics.recall_score(y, predicted, pos_label=1, zero_division=0))
    return "1000 score vectors"


def check_nothing(rng):
    """nothing added: 0, and 0.5 for auroc"""
    scores = Scores()
    for key in "accuracy sensitivity specificity precision f1 mcc aupr log_loss tp fn fp tn count".split():
        same(key, scores.get(key), 0)
    same("auroc", scores.get("auroc"), 0.5)
    return ""


def check_roc(rng):
    """the points of the ROC curve equal roc_curve's"""
    for _ in range(1000):
        y, p = random_binary(rng)
        x, height, _ = metrics.roc_curve(y == 0, p[:, 0], drop_intermediate=False)
        got = Scores().add(y, p).curve(b"roc")
        near("x", got[0], x)
        near("y", got[1], height)
    return "1000 score vectors"


def check_pr(rng):
    """the points of the precision-recall curve equal precision_recall_curve's"""
    for i in range(1000):
        y, p = random_binary(rng)
        if i % 50 == 0:
            y[:] = 1
        if i % 50 == 1:
            y[:] = 0
        precision, recall, _ = metrics.precision_recall_curve(y == 0, p[:, 0])
        got = Scores().add(y, p).curve(b"pr")
        near("recall", got[0], recall)
        near("precision", got[1], precision)
    return "1000 score vectors"


def check_summary(rng):
    """mean, median, sd and the normal interval equal NumPy's"""
    for _ in range(1000):
        values = rng.normal(rng.normal(), 10.0 ** rng.integers(-3, 4), size=rng.integers(1, 40))
        mean, error = values.mean(), 0.0
        if len(values) > 1:
            near("sd", summarize(values, "sd"), values.std(ddof=1))
            error = values.std(ddof=1) / np.sqrt(len(values))
        else:
            same("sd", summarize(values, "sd"), 0)
        near("mean", summarize(values, "mean"), mean)
        near("median", summarize(values, "median"), np.median(values))
        near("normal_low", summarize(values, "normal_low"), mean - 1.96 * error)
        near("normal_high", summarize(values, "normal_high"), mean + 1.96 * error)
    return "1000 samples"


def check_student(rng):
    """the t interval covers 95 % of SciPy's t distribution, for any number of degrees of freedom"""
    for df in list(range(1, 1500)) + [9999, 100000, 1000000]:
        values = np.resize([-1.0, 1.0], df + 1)
        error = values.std(ddof=1) / np.sqrt(df + 1)
        high, low = summarize(values, "t_high"), summarize(values, "t_low")
        quantile = (high - low) / 2 / error
        # Not ppf: SciPy 1.10 has the distribution to its last digits, but its inverse only to eight.
        near(f"share outside for {df}", 2 * scipy.stats.t.sf(quantile, df) / 0.05, 1.0)
    return "1 to 1499, 9999, 100000, 1000000"


def check_errors(rng):
    """wrong input has its status"""
    scores, y, p = Scores(), np.array([0, 1], dtype=np.int32), np.full((2, 2), 0.5, dtype=np.float32)
    bad = p.copy()
    bad[1, 1] = np.nan
    add = lambda classes, probabilities: lib.mirnet_scores_add(scores.handle, pointer(classes, c_int32_p),
                                                               pointer(probabilities, c_float_p), len(classes))
    same("a NaN", add(y, bad), NUMERIC)
    same("class 2 of 2", add(np.array([0, 2], dtype=np.int32), p), INVALID)
    same("count", scores.get("count"), 0)
    scores.add(y, p)
    n, room = i64(1), np.empty(1)
    same("too little room", lib.mirnet_scores_get_curve(scores.handle, b"roc", pointer(room, c_double_p),
                                                        pointer(room, c_double_p), ctypes.byref(n)), SHAPE)
    same("k = 1", Folds([0, 0, 1, 1], 1).status, INVALID)
    same("k > n", Folds([0, 0, 1, 1], 5).status, INVALID)
    same("a negative class", Folds([0, 0, -1, -1], 2).status, INVALID)
    return ""


CHECKS = [check_folds, check_shuffled_folds, check_groups, check_many_classes_in_groups, check_shuffled_groups,
          check_areas, check_counts, check_log_loss, check_more_classes, check_one_class, check_nothing, check_roc,
          check_pr, check_summary, check_student, check_errors]


def main():
    failed = 0
    for number, check in enumerate(CHECKS):
        try:
            note = check(np.random.default_rng([number, 20210706]))
            print(f"ok    {check.__doc__}" + (f" ({note})" if note else ""))
        except Exception as error:
            failed += 1
            print(f"FAIL  {check.__doc__}: {error}")
            if not isinstance(error, Failure):
                traceback.print_exc(file=sys.stdout)
    print(f"{len(CHECKS) - failed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    path = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("MIRNET_LIBRARY")
    if not path:
        sys.exit("check_sklearn.py: no library: give its path or set MIRNET_LIBRARY")
    lib = load(path)
    print(f"scikit-learn {sklearn.__version__}, SciPy {scipy.__version__}, NumPy {np.__version__}")
    sys.exit(main())
