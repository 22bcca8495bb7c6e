/** Operations, their entries and their results as the service tells them. */

export const hello = { type: "hello", epoch: "E", head: 9, role: "owner", protocol: 1 };

export const progress = (step: number, steps: number, msg = "queued") => ({
  step,
  steps,
  pct: (100 * step) / steps,
  msg,
});

const CONFIGS = {
  characterize: {
    name: "ieee13",
    params: {},
    seed: 0,
    duration_s: 600,
    pv_points: 3,
    pv_max_scale: 2,
    sensitivity: true,
    step: 0.2,
  },
  heatmap: {
    name: "ieee13",
    params: { v_min: 0.94 },
    seed: 7,
    duration_s: 300,
    param_x: "grid_dt_s",
    x_min: 0.1,
    x_max: 0.3,
    x_steps: 3,
    param_y: "datacenters.0.models.0.replicas",
    y_min: 5,
    y_max: 10,
    y_steps: 2,
    metric: "integral_violation_pu_s",
  },
  scan: { feeders: ["ieee13", "ieee34"], scenarios: true, duration_s: 120, params: {} },
} as const;

type Op = keyof typeof CONFIGS;
const STEPS = { characterize: 8, heatmap: 6, scan: 3 };

export const operation = (op: Op, more: object = {}) => ({
  id: "o1",
  op,
  title: `A ${op}`,
  config: CONFIGS[op],
  status: "running",
  progress: progress(0, STEPS[op]),
  simulations: 0,
  cached: 0,
  created: 1000,
  started: 1001,
  attempt: 1,
  owner: "ann",
  visibility: "private",
  epoch: "E",
  head: 1,
  ws_url: "ws://lab/api/ws/operations/o1",
  url: "http://lab/analyses/o1",
  ...more,
});

/** A `progress` entry; with a point where there is one. */
export const entry = (offset: number, steps: number, msg: string, point?: object) => ({
  offset,
  type: "progress",
  ts: 1100,
  operation_id: "o1",
  ...progress(Math.max(0, offset - 1), steps, msg),
  eta_s: 12,
  ...(point === undefined ? {} : { point }),
});

export const cell = (x: number, y: number, value: number | null, reason?: string) => ({
  part: "cell",
  x,
  y,
  value,
  status: reason === undefined ? "done" : "diverged",
  ...(reason === undefined ? {} : { reason }),
});

const account = { simulations: 6, cached: 1, failed: 1, wall_s: 3.5 };

export const HEATMAP = {
  op: "heatmap",
  scenario: "ieee13",
  params: { v_min: 0.94 },
  seed: 7,
  duration_s: 300,
  ...account,
  metric: "integral_violation_pu_s",
  unit: "pu s",
  better: "minimize",
  param_x: "grid_dt_s",
  param_y: "datacenters.0.models.0.replicas",
  x: [0.1, 0.2, 0.3],
  y: [5, 10],
  values: [
    [4, 2, 8],
    [3, null, 1],
  ],
  failures: [{ x: 1, y: 1, status: "diverged", reason: "no solution at tick 4" }],
  best: { x: 2, y: 1, value: 1 },
  baseline: { x: 0.1, y: 10 },
};

const metrics = (violation: number, vmin = 0.96) => ({
  integral_violation_pu_s: violation,
  worst_vmin: vmin,
  worst_vmax: 1.04,
});

const run = { status: "done", metrics: metrics(10), mean_power_kw: 900, max_power_kw: 1000 };
const variant = (value: number, violation: number) => ({
  value,
  status: "done",
  metrics: metrics(violation),
});
const curvePoint = (index: number, scale: number, vmin: number | null) => ({
  index,
  scale,
  status: vmin === null ? "diverged" : "done",
  ...(vmin === null ? { reason: "no solution" } : {}),
  mean_power_kw: vmin === null ? null : 900 * scale,
  max_power_kw: vmin === null ? null : 1000 * scale,
  worst_vmin: vmin,
  worst_vmax: vmin === null ? null : 1.04,
  violation_time_s: vmin === null ? null : 0,
  integral_violation_pu_s: vmin === null ? null : 0,
});

export const CHARACTERIZATION = {
  op: "characterize",
  scenario: "ieee13",
  params: {},
  seed: 0,
  duration_s: 600,
  ...account,
  default: run,
  pv_curve: [curvePoint(0, 0, 0.99), curvePoint(1, 1, 0.94), curvePoint(2, 2, null)],
  hosting_limit: { scale: 0.8, mean_power_kw: 720, limited_by: "undervoltage" },
  sensitivity: [
    { index: 0, parameter: "source_pu", base: 1, low: variant(0.98, 30), high: variant(1.02, 4) },
    {
      index: 1,
      parameter: "datacenters.0.base_kw_per_phase",
      base: 100,
      low: variant(80, 9),
      high: { value: 120, status: "diverged", reason: "no solution", metrics: null },
    },
  ],
};

/** Its points as they come. */
export const POINTS = [
  { part: "default", ...run },
  ...CHARACTERIZATION.pv_curve.map((point) => ({ part: "pv", ...point })),
  ...CHARACTERIZATION.sensitivity.flatMap(({ index, parameter, base, low, high }) => [
    { part: "sensitivity", index, parameter, base, direction: "low", ...low },
    { part: "sensitivity", index, parameter, base, direction: "high", ...high },
  ]),
];

const voltages = {
  worst_vmin: 0.97,
  worst_vmax: 1.03,
  violation_time_s: 0,
  integral_violation_pu_s: 0,
  mean_power_kw: 900,
  oscillation: 0.1,
};

export const SITES = [
  {
    index: 0,
    feeder: "ieee13",
    bus: "671",
    class: "undervoltage",
    status: "done",
    ...voltages,
    worst_vmin: 0.93,
    session: { scenario: "ieee13", overrides: { "datacenters.0.bus": "671", duration_s: 120 }, seed: 0 },
  },
  {
    index: 1,
    feeder: "ieee34",
    bus: "800",
    class: "diverged",
    status: "diverged",
    reason: "no solution at tick 0",
    ...Object.fromEntries(Object.keys(voltages).map((name) => [name, null])),
    session: { scenario: "ieee34", overrides: { "datacenters.0.bus": "800", duration_s: 120 }, seed: 0 },
  },
];

export const SCAN = {
  op: "scan",
  params: {},
  duration_s: 120,
  ...account,
  sites: SITES,
  scenarios: [
    {
      index: 2,
      feeder: "ieee13",
      scenario: "ieee13-ofo",
      class: "within_band",
      status: "done",
      ...voltages,
      session: { scenario: "ieee13-ofo", overrides: { duration_s: 120 }, seed: 0 },
    },
  ],
  counts: { within_band: 1, undervoltage: 1, diverged: 1 },
  rules: { within_band: "No monitored voltage left the band.", undervoltage: "Some voltage was below." },
};
