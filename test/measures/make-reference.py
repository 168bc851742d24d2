"""Makes reference.json: figures of scikit-learn and SciPy for random and degenerate predictions.

Needs scikit-learn 1.7 or later. Run: python test/measures/make-reference.py > test/measures/reference.json
"""

import json
import warnings

import numpy as np
from scipy.stats import binomtest
from sklearn import metrics

warnings.filterwarnings("ignore")
random = np.random.default_rng(7)


def softmax(logits):
    exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponents / exponents.sum(axis=1, keepdims=True)


def thresholds_of(own, scores):
    precision, recall, thresholds = metrics.precision_recall_curve(own, scores)
    f1 = np.array([metrics.f1_score(own, scores >= threshold) for threshold in thresholds])

    def at(place):
        return {"threshold": thresholds[place], "precision": precision[place], "recall": recall[place], "f1": f1[place]}

    def best(allowed, first, second):
        places = np.flatnonzero(allowed[:-1])
        return at(max(places, key=lambda place: (first[place], second[place]))) if len(places) else None

    return {
        "best_f1": at(f1.argmax()),
        "precision_95": best(precision >= 0.95, recall, precision),
        "recall_95": best(recall >= 0.95, precision, recall),
    }


def slice_of(labels, predicted):
    return {
        "accuracy": metrics.accuracy_score(labels, predicted),
        "balanced_accuracy": metrics.balanced_accuracy_score(labels, predicted),
        "macro_f1": metrics.f1_score(labels, predicted, average="macro", zero_division=0),
    }


def case(name, labels, probabilities):
    n, c = probabilities.shape
    predicted = probabilities.argmax(axis=1)
    one_hot = np.eye(c)[labels]
    aurocs, precisions, thresholds = [], [], []
    for label in range(c):
        own = labels == label
        if 0 < own.sum() < n:
            aurocs.append(metrics.roc_auc_score(own, probabilities[:, label]))
        if own.any():
            precisions.append(metrics.average_precision_score(own, probabilities[:, label]))
        thresholds.append(thresholds_of(own, probabilities[:, label]) if own.any() else None)
    confidence = probabilities.max(axis=1)
    bins = np.clip(np.ceil(confidence * 15) - 1, 0, 14)
    ece = sum(
        abs(confidence[bins == b].sum() - (predicted == labels)[bins == b].sum()) / n for b in range(15)
    )
    return {
        "name": name,
        "classes": c,
        "labels": labels.tolist(),
        "probabilities": probabilities.ravel().tolist(),
        "thresholds": thresholds,
        "every_third": slice_of(labels[::3], predicted[::3]),
        "figures": {
            "accuracy": metrics.accuracy_score(labels, predicted),
            "top_5": None if c < 6 else metrics.top_k_accuracy_score(labels, probabilities, k=5, labels=range(c)),
            "balanced_accuracy": metrics.balanced_accuracy_score(labels, predicted),
            "macro_f1": metrics.f1_score(labels, predicted, average="macro", zero_division=0),
            "log_loss": metrics.log_loss(labels, probabilities, labels=range(c)),
            "brier": float(((probabilities - one_hot) ** 2).sum(axis=1).mean()),
            "ece": float(ece),
            "auroc": float(np.mean(aurocs)) if aurocs else None,
            "average_precision": float(np.mean(precisions)),
        },
    }


def short(probabilities):
    """Few digits, so that the file stays small; rows still sum to 1 within the tolerance of scikit-learn."""
    return np.round(probabilities, 9)


cases = [
    case("two classes", random.integers(0, 2, 60), short(softmax(random.normal(size=(60, 2))))),
    case("ten classes", random.integers(0, 10, 80), short(softmax(2 * random.normal(size=(80, 10))))),
    case("a class without images", random.integers(0, 6, 50), short(softmax(random.normal(size=(50, 7))))),
    case("many equal probabilities", random.integers(0, 3, 40), np.eye(3)[random.integers(0, 3, 40)] * 0.4 + 0.2),
    case("sure and wrong", np.arange(12) % 4, np.eye(4)[(np.arange(12) + 1) % 4]),
    case("sure and right", np.arange(12) % 4, np.eye(4)[np.arange(12) % 4]),
    case("one class only, never predicted", np.zeros(5, int), np.tile([0.1, 0.9], (5, 1))),
    case("one image", np.array([2]), np.array([[0.2, 0.3, 0.5]])),
    case("equal precision at different recalls", np.zeros(40, int), np.stack([np.arange(40, 80), np.arange(60, 20, -1)], 1) / 100),
]
pairs = [(0, 0), (1, 0), (3, 3), (10, 2), (40, 61), (500, 430), (3000, 3200)]
print(
    json.dumps(
        {
            "cases": cases,
            "mcnemar": [
                {"only_a": a, "only_b": b, "p_value": binomtest(min(a, b), a + b).pvalue if a + b else 1.0} for a, b in pairs
            ],
            "wilson": [
                {
                    "hits": hits,
                    "count": count,
                    "low": binomtest(hits, count).proportion_ci(method="wilson").low,
                    "high": binomtest(hits, count).proportion_ci(method="wilson").high,
                }
                for hits, count in [(0, 5), (5, 5), (7, 10), (9321, 10000)]
            ],
        }
    )
)
