import type { Summary } from "../stream/frames";
import classes from "./SummaryCard.module.css";

type Show = readonly [label: string, text: (value: number) => string];

const seconds = (s: number) => `${s.toFixed(1)} s`;
const pu = (v: number) => `${v.toFixed(4)} pu`;

/** The metrics of OpenG2G that have a name for people; others are shown as they come. */
const KNOWN: Readonly<Record<string, Show>> = {
  violation_time_s: ["Time outside the limits", seconds],
  integral_violation_pu_s: ["Violation, integral", (v) => `${v.toFixed(2)} pu·s`],
  worst_vmin: ["Lowest voltage", pu],
  worst_vmax: ["Highest voltage", pu],
  mean_throughput_tps: [
    "Throughput, as OpenG2G counts",
    (v) => `${Math.round(v).toLocaleString("en")} tokens/s`,
  ],
  integrated_throughput_tokens: [
    "Tokens, as OpenG2G counts",
    (v) => new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 4 }).format(v),
  ],
  itl_deadline_fraction: ["Latency over its deadline", (v) => `${(v * 100).toFixed(1)} % of samples`],
};

function plain(value: number): string {
  return Number.isInteger(value) ? value.toLocaleString("en") : value.toPrecision(5);
}

export function SummaryCard({ summary }: { readonly summary: Summary }) {
  const rows = Object.entries(summary.metrics).map(([name, value]) => {
    const [label, text] = KNOWN[name] ?? [name.replaceAll("_", " "), plain];
    return [label, value === null ? "–" : text(value)] as const;
  });
  return (
    <section className={classes["card"]} aria-labelledby="summary-title">
      <h2 id="summary-title" className={classes["title"]}>
        Summary
      </h2>
      <dl className={classes["rows"]}>
        {rows.map(([label, value]) => (
          <Row key={label} label={label} value={value} />
        ))}
        <Row
          label="Computed in"
          value={`${seconds(summary.wall_s)}, ${Math.round(summary.ticks_per_s).toLocaleString("en")} ticks/s`}
        />
        <Row label="Digest" value={summary.digest.slice(0, 16)} title={summary.digest} mono />
      </dl>
    </section>
  );
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
      <dd title={title} data-mono={mono}>
        {value}
      </dd>
    </div>
  );
}
