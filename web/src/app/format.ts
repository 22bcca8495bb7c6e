/** Figures as people read them. */

const pad = (n: number) => String(n).padStart(2, "0");

/** Simulated time: `12:05`, or `1:12:05` from an hour on; with tenths where `fine`. */
export function clock(t_s: number, fine = false): string {
  const tenths = Math.round(t_s * 10);
  const whole = fine ? Math.floor(tenths / 10) : Math.floor(t_s + 1e-6);
  const hours = Math.floor(whole / 3600);
  const rest = `${pad(Math.floor(whole / 60) % 60)}:${pad(whole % 60)}`;
  return (hours > 0 ? `${hours}:${rest}` : rest) + (fine ? `.${tenths % 10}` : "");
}

/** Simulated seconds a second: `1.0x`, `36x`, `3,600x`. */
export function speed(x: number): string {
  if (x >= 100) return `${Math.round(x).toLocaleString("en")}×`;
  return `${x.toFixed(x >= 10 ? 0 : 1)}×`;
}

export function pu(v: number): string {
  return Number.isNaN(v) ? "–" : v.toFixed(4);
}

export function power(p_w: number): string {
  if (Number.isNaN(p_w)) return "–";
  const size = Math.abs(p_w);
  if (size >= 1e6) return `${(p_w / 1e6).toFixed(2)} MW`;
  return `${(p_w / 1e3).toFixed(size >= 1e5 ? 0 : 1)} kW`;
}

export function milliseconds(t_s: number): string {
  return Number.isNaN(t_s) ? "–" : `${(t_s * 1e3).toFixed(1)} ms`;
}

/** How long ago a moment (unix s) was, in one unit. */
export function ago(then_s: number, nowMs: number): string {
  const seconds = Math.max(0, Math.round(nowMs / 1000 - then_s));
  if (seconds < 60) return "just now";
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

export function workloadNote(workload: string): string {
  if (workload === "measured-figures") return "measured figures";
  if (workload === "ml-energy-traces") return "ML.ENERGY traces";
  return workload;
}
