"""What the code of a step imports: ``from sluice.steps import Item, Out, Results, Upload``.

A step names its function with ``run=``; the function is in ``containers/<pipeline>/steps.py``. There is one
kind of function for each kind of step.

A ``Plan`` finds the items: it yields dicts, each up to 8 KiB of JSON. It is given what started the run::

    def split(upload: Upload) -> Iterator[dict[str, int]]:
        for start, stop in upload.ranges(start=0, size=1_000_000, separators=b"\\n "):
            yield {"start": start, "stop": stop}

``Uploads`` stands for a group of files, ``Request`` for a run of a Manual trigger, ``ScheduledTime`` for one
of a Schedule, ``WebhookDelivery`` for one of a Webhook, ``UpstreamResults`` for one after runs of other
pipelines; ``Trigger`` is any of them, told apart by their
``kind``. Each has an ``input``; ``upload`` and ``uploads`` raise OtherTriggerError where there are no files.

An ``Array`` works on one item at a time. What its function returns for an item travels as JSON: keys become
text, tuples become lists, and numpy's values, dates, decimals and paths have a form, see docs/steps.md. It
may be called again for an item whose result was lost with its machine::

    def count(item: Item, out: Out) -> dict[str, int]:
        return dict(Counter(item.upload.read(item["start"], item["stop"]).decode().split()))

An array that follows another (``each="count"``) finds what that returned for the same item in
``item.previous``::

    def rank(item: Item, out: Out) -> list[tuple[str, int]]:
        return Counter(item.previous).most_common()

A ``Job`` runs once. It reads the results of upstream arrays as a stream, and publishes files::

    def merge(results: Results, out: Out) -> None:
        total: Counter[str] = Counter()
        for number, words in results("rank"):
            total.update(dict(words))
        out.write("counts.json", json.dumps(total))

A ``MultiNode`` step calls its function on every node at once. What the main node returns is the step's
result::

    def train(node: Node, out: Out) -> dict[str, float]:
        model = connect(node.main_address, rank=node.index, world_size=node.count)
        return {"loss": model.train(node.trigger.input)}

A plan or an array downstream of other arrays is given their results, too, when its function has a parameter
called ``results``: so what an array found decides what there is to do next::

    def regroup(trigger: Trigger, results: Results) -> Iterator[dict[str, int]]:
        yield from ({"bucket": bucket} for bucket in sorted({value % 3 for _, value in results("count")}))
"""

from sluice.runtime.interface.node import Node
from sluice.runtime.interface.step_types import Item, Out, Results, Trigger
from sluice.runtime.interface.upload import Upload, Uploads
from sluice.runtime.interface.upstream import UpstreamResults
from sluice.triggers.trigger_event import Request, ScheduledTime, WebhookDelivery

__all__ = [
    "Item",
    "Node",
    "Out",
    "Request",
    "Results",
    "ScheduledTime",
    "Trigger",
    "Upload",
    "Uploads",
    "UpstreamResults",
    "WebhookDelivery",
]
