/** What the page and its server say to each other. Written from console/contract, not by hand. */

export interface RunLine {
  run_id: string;
  pipeline: string;
  state: string;
  created_at: string;
  ended_at: string | null;
  seconds: number;
  input: string;
  labels: Readonly<Record<string, string>>;
  failed_step: string | null;
  reason: string | null;
  item: string | null;
}

export interface Attention {
  run: RunLine;
  kind: string;
  since: string;
  text: string;
  actions: readonly string[];
}

export interface Environment {
  name: string;
  state: string;
  status: string;
  reason: string | null;
  vcpus: number | null;
  max_vcpus: number | null;
}

export interface Queue {
  name: string;
  key: string;
  state: string;
  status: string;
  environments: readonly Environment[];
  jobs: Readonly<Record<string, number>> | null;
  blocked: string | null;
}

export interface Button {
  action: string;
  word: string;
  does: string;
  address: string;
}

export interface Row {
  text: string;
  state: string | null;
  since: string | null;
  until: string | null;
  href: string | null;
  button: Button | null;
  done: number | null;
  total: number | null;
}

export interface Section {
  id: string;
  title: string;
  rows: readonly Row[];
  note: string | null;
}

export interface Overview {
  at: string;
  attention: readonly Attention[];
  running: readonly RunLine[];
  more_running: boolean;
  queues: readonly Queue[];
  sections: readonly Section[];
  version: string;
}

export interface Runs {
  runs: readonly RunLine[];
  next: string | null;
  pipelines: readonly string[];
}

export interface Group {
  run_id: string;
  pipeline: string;
  trigger: string;
  files: number;
  max_files: number;
  opened_at: string;
  closes_at: string;
}

export interface Groups {
  groups: readonly Group[];
}

export interface Upload {
  key: string;
  size: number;
  at: string;
  text: string;
}

export interface Uploads {
  uploads: readonly Upload[];
  more: boolean;
}

export interface Alert {
  run_id: string;
  pipeline: string;
  kind: string;
  at: string | null;
  text: string;
  detail: string;
}

export interface Alarm {
  name: string;
  since: string | null;
  reason: string;
  text: string;
}

export interface Alarms {
  alarms: readonly Alarm[];
  more: boolean;
  missing: string | null;
}

export interface Alerts {
  alerts: readonly Alert[];
  more: boolean;
  alarms: Alarms | null;
}

export interface Finding {
  level: string;
  check: string;
  text: string;
}

export interface Doctor {
  findings: readonly Finding[];
  note: string | null;
}

export interface Cells {
  step: string;
  generation: number;
  total: number;
  items: number | null;
  start: number;
  count: number;
  states: string;
  attempts: readonly number[] | null;
  seconds: readonly (number | null)[] | null;
  done_items: readonly (number | null)[] | null;
  failed_items: readonly (number | null)[] | null;
  exact: boolean;
}

export interface Item {
  item: number;
  child: number;
  state: string;
  text: string;
  reason: string | null;
}

export interface Items {
  step: string;
  total: number;
  start: number;
  items: readonly Item[];
  is_removed: boolean;
}

export interface LogLine {
  attempt: number;
  at: string;
  text: string;
}

export interface Logs {
  step: string;
  child: number | null;
  generation: number;
  generations: number;
  attempts: number;
  lines: readonly LogLine[];
  next: string;
  ended: boolean;
  note: string | null;
}

export interface ResultFile {
  name: string;
  size: number;
  kind: string;
}

export interface Results {
  files: readonly ResultFile[];
  more: boolean;
}

export interface Preview {
  name: string;
  kind: string;
  size: number;
  cut: boolean;
  text: string | null;
  columns: readonly string[] | null;
  rows: readonly (readonly string[])[] | null;
  src: string | null;
  parts: number | null;
}

export interface Trigger {
  kind: string;
  text: string;
  prefix: string | null;
  suffix: string | null;
  gathers: boolean;
  next: string | null;
}

export interface Pipeline {
  name: string;
  triggers: readonly Trigger[];
  steps: readonly string[];
  takes_input: boolean;
  takes_files: boolean;
  schema: Readonly<Record<string, unknown>> | null;
  note: string | null;
  after: readonly string[];
  results: string;
}

export interface PipelineNow {
  name: string;
  sections: readonly Section[];
}

export interface Map {
  graph: Graph;
  pipelines: readonly Pipeline[];
  note: string | null;
}

export interface Pipelines {
  pipelines: readonly Pipeline[];
  note: string | null;
}

export interface StoredFile {
  name: string;
  key: string;
  size: number;
  run_ids: readonly string[];
  of_request: boolean;
  gathered: boolean;
}

export interface StartRequest {
  token: string;
  input: unknown;
  files: readonly string[];
}

export interface Started {
  run_ids: readonly string[];
}

export interface StepTimes {
  state: string;
  seconds: number | null;
  children: number;
  failed: number;
  definition: string;
}

export interface StepComparison {
  name: string;
  a: StepTimes | null;
  b: StepTimes | null;
  same_code: boolean;
}

export interface Comparison {
  a: RunLine;
  b: RunLine;
  steps: readonly StepComparison[];
  input_a: string;
  input_b: string;
  same_input: boolean;
}

export interface Trends {
  pipeline: string;
  runs: readonly RunLine[];
  failed_steps: Readonly<Record<string, number>>;
}

export interface Counts {
  done: number;
  failed: number;
  running: number;
  waiting: number;
}

export interface Node {
  name: string;
  kind: string;
  state: string;
  x: number;
  y: number;
  children: number;
  counts: Counts;
  items: number | null;
  failed_items: number | null;
  generation: number;
  seconds: number | null;
  started_at: string | null;
  ended_at: string | null;
  reason: string | null;
  own: boolean;
}

export interface Edge {
  parent: string;
  child: string;
  why: string;
  text: string;
  open: boolean;
}

export interface Graph {
  nodes: readonly Node[];
  edges: readonly Edge[];
  width: number;
  height: number;
}

export interface Fact {
  name: string;
  text: string;
}

export interface Input {
  text: string;
  facts: readonly Fact[];
  json: unknown;
}

export interface RunDetail {
  run: RunLine;
  version: string;
  reopened: number;
  input: Input;
  graph: Graph;
  actions: readonly string[];
  sections: readonly Section[];
}

export interface FailedItem {
  child: number;
  item: number | null;
  text: string;
}

export interface FailureGroup {
  step: string;
  generation: number;
  reason: string;
  count: number;
  items: readonly FailedItem[];
}

export interface Failures {
  groups: readonly FailureGroup[];
  more: boolean;
}

export interface Reason {
  step: string;
  kind: string;
  text: string;
  since: string | null;
  detail: string | null;
  runs: readonly string[];
}

export interface Why {
  text: string;
  reasons: readonly Reason[];
}

export interface Segment {
  phase: string;
  start: string;
  end: string | null;
  generation: number;
  attempt: number | null;
  child: number | null;
  state: string | null;
}

export interface Lane {
  step: string;
  child: number | null;
  segments: readonly Segment[];
}

export interface Timeline {
  start: string;
  end: string;
  lanes: readonly Lane[];
  vcpus: readonly (readonly [string, number])[];
  sampled: boolean;
}

export interface ActionPlan {
  action: string;
  run_id: string;
  allowed: boolean;
  permission: Permission;
  text: readonly string[];
}

export interface ActionResult {
  action: string;
  run_id: string;
  done: boolean;
  text: readonly string[];
}

export interface Done {
  text: readonly string[];
}

export interface Problem {
  error: string;
  message: string;
  missing_permission: string | null;
  sign_in: string | null;
}

export interface Permission {
  allowed: boolean;
  missing: string | null;
}

export interface Me {
  name: string;
  roles: readonly string[];
  permitted: Readonly<Record<string, Permission>>;
  csrf: string;
  deployed: boolean;
  where: string;
  max_upload_bytes: number;
}

export interface SignedOut {
  to: string | null;
}

export interface Change {
  run_id: string | null;
  version: string;
}
