/** A task, its experiments and its events as the service tells them. */

export const SPACE = {
  "controllers.0.voltage_dual_step_size": { type: "float", low: 0.2, high: 5, step: null, log: true },
  "controllers.0.primal_step_size": { type: "float", low: 0.02, high: 0.5, step: null, log: true },
};

export const SPEC = {
  scenario: "ieee13-ofo",
  title: "OFO step sizes",
  overrides: {},
  seed: 0,
  space: SPACE,
  sampler: "tpe",
  pruner: "none",
  objectives: [{ metric: "integral_violation_pu_s", direction: null, weight: 1 }],
  constraints: [],
  phases: [{ name: null, seed: null, overrides: {} }],
  experiments: 10,
  parallelism: 2,
  baseline: true,
  stop: { target: null, patience: null, max_s: null },
};

export const experiment = (number: number, iter: number, score: number | null, more: object = {}) => ({
  id: number < 0 ? "t1-base" : `t1-${number}`,
  number,
  baseline: number < 0,
  status: "completed",
  params:
    number < 0
      ? {}
      : { "controllers.0.voltage_dual_step_size": 1 + number, "controllers.0.primal_step_size": 0.1 },
  iter,
  metrics: { integral_violation_pu_s: score, worst_vmin: 0.9512 },
  score,
  scores: [score],
  broken: [],
  best: score,
  error: null,
  phases: 1,
  elapsed_s: 2.5,
  simulated_s: 3600,
  ts: 1000 + iter,
  ws_url: "ws://lab/api/ws/experiments/x",
  ...more,
});

export const running = (number: number) => ({
  id: `t1-${number}`,
  number,
  baseline: false,
  status: "running",
  params: { "controllers.0.voltage_dual_step_size": 1 + number, "controllers.0.primal_step_size": 0.1 },
  began: 1000,
  ws_url: "ws://lab/api/ws/experiments/x",
});

export const progress = (done: number, best: number | null = null, bestId: string | null = null) => ({
  done,
  total: 10,
  pct: done * 10,
  best_score: best,
  best_experiment_id: bestId,
});

export const task = (more: object = {}) => ({
  id: "t1",
  title: "OFO step sizes",
  scenario: "ieee13-ofo",
  spec: SPEC,
  status: "running",
  progress: progress(2, 8, "t1-1"),
  best: experiment(1, 3, 8),
  baseline: experiment(-1, 1, 10),
  cost: 10_800,
  calls: 3,
  created: 990,
  started: 1000,
  attempt: 1,
  owner: "ann",
  visibility: "private",
  epoch: "E",
  head: 9,
  ws_url: "ws://lab/api/ws/tasks/t1",
  url: "http://lab/tasks/t1",
  ...more,
});

export const EXPERIMENTS = [experiment(-1, 1, 10), experiment(0, 2, 12), experiment(1, 3, 8), running(2)];

/** An event as it comes over the socket. */
export const event = (
  offset: number,
  type: string,
  experiment_id: string | null,
  data: object,
  ts = 1100,
) => ({
  offset,
  type,
  task_id: "t1",
  ...(experiment_id === null ? {} : { experiment_id }),
  timestamp: ts,
  message: `${type} happened`,
  data,
});

export const hello = { type: "hello", epoch: "E", head: 9, role: "owner", protocol: 1 };
