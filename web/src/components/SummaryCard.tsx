import type { Summary } from "../stream/frames";
import type { History } from "../stream/history";
import classes from "./SummaryCard.module.css";

type Show = readonly [label: string, text: (value: number) => string];

const seconds = (s: number) => `${s.toFixed(1)} s`;
const pu = (v: number) => `${v.toFixed(4)} pu`;
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 4 });

/** The metrics of OpenG2G that have a name for people, in the order in which they come; others are shown as they come. */
const KNOWN: Readonly<Record<string, Show>> = {
  violation_time_s: ["Outside the limits", seconds],
  integral_violation_pu_s: ["Violation, integral", (v) => `${v.toFixed(2)} pu·s`],
  worst_vmin: ["Lowest voltage", pu],
  worst_vmax: ["Highest voltage", pu],
  // Both as OpenG2G counts them.
  mean_throughput_tps: ["Tokens a second", (v) => compact.format(v)],
  integrated_throughput_tokens: ["Tokens", (v) => compact.format(v)],
  itl_deadline_fraction: ["Over deadline", (v) => `${(v * 100).toFixed(1)} %`],
};

const NONE = "–";

function plain(value: number): string {
  return Number.isInteger(value) ? value.toLocaleString("en") : value.toPrecision(5);
}

interface Props {
  /** Null until the run is over. */
  readonly summary: Summary | null;
  readonly history: History | null;
}

/** What came of a run; while it runs, what is known of that already, in the same place. */
export function SummaryCard({ summary, history }: Props) {
  const rows = Object.entries(summary?.metrics ?? soFar(history)).map(([name, value]) => {
    const [label, text] = KNOWN[name] ?? [name.replaceAll("_", " "), plain];
    return [label, value === null ? NONE : text(value)] as const;
  });
  return (
    <section className={classes["card"]} aria-labelledby="summary-title">
      <h2 id="summary-title" className={classes["title"]}>
        {summary ? "Summary" : "So far"}
      </h2>
      <dl className={classes["rows"]}>
        {rows.map(([label, value]) => (
          <Row key={label} label={label} value={value} />
        ))}
        <Row
          label="Computed in"
          value={summary ? seconds(summary.wall_s) : NONE}
          {...(summary
            ? { title: `${Math.round(summary.ticks_per_s).toLocaleString("en")} ticks a second` }
            : {})}
        />
        <Row
          label="Digest"
          value={summary?.digest.slice(0, 12) ?? NONE}
          {...(summary ? { title: summary.digest } : {})}
          mono
        />
      </dl>
    </section>
  );
}

/** The extremes of what has come; the rest is known at the end. */
function soFar(history: History | null): Summary["metrics"] {
  const whole = { lo: NaN, hi: NaN };
  let [lowest, highest] = [Infinity, -Infinity];
  for (const { min, max } of history?.envelope ?? []) {
    // NaN, before the first tick, is neither.
    lowest = Math.min(lowest, min.extremes(0, min.length, whole).lo || Infinity);
    highest = Math.max(highest, max.extremes(0, max.length, whole).hi || -Infinity);
  }
  return {
    ...Object.fromEntries(Object.keys(KNOWN).map((name) => [name, null])),
    worst_vmin: Number.isFinite(lowest) ? lowest : null,
    worst_vmax: Number.isFinite(highest) ? highest : null,
  };
}

interface RowProps {
  readonly label: string;
  readonly value: string;
  readonly title?: string;
  readonly mono?: boolean;
}

function Row({ label, value, title, mono = false }: RowProps) {
  return (
    <div className={classes["row"]}>
      <dt>{label}</dt>
      <dd title={title} data-mono={mono} data-none={value === NONE}>
        {value}
      </dd>
    </div>
  );
}
