/** What the operations are called, and what they are for. */

import type { Kind } from "./status";

export interface OpWords {
  readonly label: string;
  readonly note: string;
}

export const OP_WORDS: Readonly<Record<Kind, OpWords>> = {
  characterize: {
    label: "Characterize",
    note: "One scenario from three sides: as it is, over the size of its datacenters (P-V curve with the hosting limit), and over the parameters that matter most.",
  },
  heatmap: {
    label: "Heatmap",
    note: "A metric over any two numbers of a scenario; each cell is a run of its own that can be opened.",
  },
  scan: {
    label: "Scan",
    note: "A datacenter at every three-phase bus of the feeders, and every scenario of the catalogue, sorted by what the voltages do.",
  },
  verify: {
    label: "Verify",
    note: "A session's ticks computed again, and compared to the last bit.",
  },
};
