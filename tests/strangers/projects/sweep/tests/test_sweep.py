from pipelines.sweep import pipeline
from sluice.testing import run


def test_each_family_has_a_best_fit():
    ran = run(pipeline, input={"sizes": [1, 3]})
    assert ran.succeeded, ran
    best = ran.files["best.json"].json()
    assert sorted(best) == ["neighbours", "tree"]
    assert all(0.8 < one["score"] <= 1 for one in best.values())
