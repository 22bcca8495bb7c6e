import type { NewTask } from "../api/tasks";

/** Two step sizes of the OFO controller about their defaults: the sweep that OpenG2G publishes one at a time, searched together. */
export const EXAMPLE: NewTask = {
  scenario: "ieee13-ofo",
  title: "OFO step sizes on IEEE 13",
  space: {
    "controllers.0.voltage_dual_step_size": { type: "float", low: 0.2, high: 5, log: true },
    "controllers.0.primal_step_size": { type: "float", low: 0.02, high: 0.5, log: true },
  },
  sampler: "tpe",
  objectives: [{ metric: "integral_violation_pu_s" }],
  experiments: 40,
  parallelism: 4,
};
