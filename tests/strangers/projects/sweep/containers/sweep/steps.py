"""The functions of the sweep."""

import json
import time

import numpy as np
from sklearn.datasets import load_iris
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

FOLDS = 3


def grid(trigger):
    """Find the parameters to try."""
    for size in trigger.input["sizes"]:
        yield {"family": "neighbours", "size": size}
        yield {"family": "tree", "size": size}


def fit(item, out):
    """Return a mean score, as numpy has it."""
    time.sleep(0.3)
    kinds = {
        "neighbours": lambda size: KNeighborsClassifier(n_neighbors=size),
        "tree": lambda size: DecisionTreeClassifier(max_depth=size, random_state=0),
    }
    features, target = load_iris(return_X_y=True)
    scores = cross_val_score(kinds[item["family"]](item["size"]), features, target, cv=FOLDS)
    return {"family": item["family"], "size": item["size"], "score": np.round(scores.mean(), 4)}


def families(trigger, results):
    """Find the families that were fitted."""
    for family in sorted({found["family"] for _, found in results("fit")}):
        yield {"family": family, "fits": [one for _, one in results("fit") if one["family"] == family]}


def summarise(item, out):
    """Return the best fit of a family."""
    return max(item["fits"], key=lambda one: (one["score"], -one["size"]))


def best(results, out):
    """Publish the best of each family."""
    out.write("best.json", json.dumps({one["family"]: one for _, one in results("summarise")}))
