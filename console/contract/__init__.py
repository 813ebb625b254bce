"""What the page and its server say to each other: every answer of the API as a frozen dataclass, sent as JSON
with the same names. Members are added, and never renamed or taken away.

Conventions: times are ISO 8601 in UTC, durations are seconds, shares are 0 to 1. A member that may be null
says so by ``None``. Texts that come from outside (keys, reasons, log lines) are data: the server makes
control characters visible, and the page writes them as text, never as HTML. Every ``run`` is a run's whole
id.

| request | answer |
| --- | --- |
| GET /api/me | Me |
| GET /api/overview | Overview: failed and stuck runs, running ones, queues, further sections |
| GET /api/runs?pipeline&state&since&until&input&label&next | Runs, the newest first; ``label`` is KEY=VALUE |
| GET /api/runs/{run} | RunDetail: the graph with counts, the input, what it permits |
| GET /api/runs/{run}/failures | Failures, reason -> items |
| GET /api/runs/{run}/timeline | Timeline |
| GET /api/runs/{run}/why | Why |
| GET /api/runs/{run}/steps/{step}/children?from&count&generation | Cells; at most MAX_CELLS of them |
| GET /api/runs/{run}/steps/{step}/items?from&count | Items; at most MAX_ITEMS of them |
| GET /api/runs/{run}/logs?step&child&generation&attempt&after&search | Logs |
| GET /api/runs/{run}/results | Results |
| GET /api/runs/{run}/preview/{name} | Preview |
| GET /api/runs/{run}/raw/{name}?part | an image, or HTML in a sandbox (its Content-Security-Policy) |
| GET /api/runs/{run}/download/{name} | the file, as an attachment; deployed, a redirect to it |
| POST /api/runs/{run}/{action}?dry | ActionPlan with ``dry``, else ActionResult; actions are in ACTIONS |
| GET /api/pipelines | Pipelines |
| GET /api/pipelines/{name}/now | PipelineNow: its backfills, waiting runs, open sets, its pause |
| PUT /api/pipelines/{name}/files/{file}?token&prefix | StoredFile; the body is the file's content |
| POST /api/pipelines/{name}/start | Started; the body is a StartRequest |
| POST /api/pipelines/{name}/unpause | Done: what was kept is started |
| POST /api/pipelines/{name}/sets/{set}/close | Done: the run of an open set begins with what there is |
| GET /api/map | Map: all pipelines, and which comes after which |
| GET /api/compare?a&b | Comparison |
| GET /api/trends?pipeline | Trends |
| GET /api/groups | Groups |
| GET /api/uploads | Uploads: those that started nothing |
| GET /api/alerts?pipeline | Alerts; with the raised alarms of Sluice itself where no pipeline is named |
| GET /api/doctor | Doctor |
| GET /api/events?run | server-sent events: ``event: change`` with a Change as its data |
| GET /auth/sign-in?to | deployed: to the provider of OpenID Connect, and back to the address ``to`` |
| POST /auth/sign-out | ends the session; the answer is SignedOut |

Anything else that is asked for with GET is the page (``index.html``), so that each view has an address of its
own. An error is a Problem with its HTTP status: 400 what was asked for is wrong, 401 there is no session (go
to ``sign_in``), 403 not permitted, 404 there is no such run, step or file, 409 the run's state does not allow
it, 502 AWS refused or did not answer.

Every request that changes anything needs the header ``X-Sluice-CSRF`` with ``Me.csrf``. Files are sent one
request each (XMLHttpRequest tells its progress); a file that an upload trigger takes starts its run by
itself, the others belong to the request that the same ``token`` starts.

Events: with ``run`` they tell of this run, else of the overview. The page reads again what it shows when one
comes. Where a stream cannot stay open (a Lambda) each answer ends at once and names a ``retry:``; EventSource
connects again by itself. A hidden tab closes its EventSource.
"""

from __future__ import annotations

from console.contract.limits import (
    ACTIONS,
    CSRF_HEADER,
    MAX_CELLS,
    MAX_EXACT_CELLS,
    MAX_ITEMS,
    MAX_UPLOAD_BYTES,
    PART_BYTES,
)
from console.contract.lists import (
    Attention,
    Button,
    Environment,
    Overview,
    Queue,
    Row,
    RunLine,
    Runs,
    Section,
)
from console.contract.notices import (
    Alarm,
    Alarms,
    Alert,
    Alerts,
    Doctor,
    Finding,
    Group,
    Groups,
    Upload,
    Uploads,
)
from console.contract.parts import Cells, Item, Items, LogLine, Logs, Preview, ResultFile, Results
from console.contract.pipelines import (
    Comparison,
    Map,
    Pipeline,
    PipelineNow,
    Pipelines,
    Started,
    StartRequest,
    StepComparison,
    StepTimes,
    StoredFile,
    Trends,
    Trigger,
)
from console.contract.run import (
    ActionPlan,
    ActionResult,
    Counts,
    Done,
    Edge,
    Fact,
    FailedItem,
    FailureGroup,
    Failures,
    Graph,
    Input,
    Lane,
    Node,
    Reason,
    RunDetail,
    Segment,
    Timeline,
    Why,
)
from console.contract.session import Change, Me, Permission, Problem, SignedOut

__all__ = [
    "ACTIONS",
    "CSRF_HEADER",
    "MAX_CELLS",
    "MAX_EXACT_CELLS",
    "MAX_ITEMS",
    "MAX_UPLOAD_BYTES",
    "PART_BYTES",
    "ActionPlan",
    "ActionResult",
    "Alarm",
    "Alarms",
    "Alert",
    "Alerts",
    "Attention",
    "Button",
    "Cells",
    "Change",
    "Comparison",
    "Counts",
    "Doctor",
    "Done",
    "Edge",
    "Environment",
    "Fact",
    "FailedItem",
    "FailureGroup",
    "Failures",
    "Finding",
    "Graph",
    "Group",
    "Groups",
    "Input",
    "Item",
    "Items",
    "Lane",
    "LogLine",
    "Logs",
    "Map",
    "Me",
    "Node",
    "Overview",
    "Permission",
    "Pipeline",
    "PipelineNow",
    "Pipelines",
    "Preview",
    "Problem",
    "Queue",
    "Reason",
    "ResultFile",
    "Results",
    "Row",
    "RunDetail",
    "RunLine",
    "Runs",
    "Section",
    "Segment",
    "SignedOut",
    "StartRequest",
    "Started",
    "StepComparison",
    "StepTimes",
    "StoredFile",
    "Timeline",
    "Trends",
    "Trigger",
    "Upload",
    "Uploads",
    "Why",
]
