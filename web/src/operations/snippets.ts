/** The same operation from a command line, from curl and from Python. */

import type { NewOperation } from "../api/operations";
import { isList, isObject } from "../newrun/config";
import { pythonLiteral, setting, shellWord } from "../newrun/snippets";
import type { Json } from "../stream/frames";

/** Fields of the config that are options of the command under another name. */
const OPTIONS: Readonly<Record<string, string>> = {
  duration_s: "--duration",
  seed: "--seed",
  pv_points: "--points",
  pv_max_scale: "--max-scale",
  step: "--step",
  metric: "--metric",
};

/** One option a line, so that a long command can be read. */
export function asCli({ op, config }: NewOperation): string {
  const { name, params } = config;
  const options = [
    ...axisOption("x", config),
    ...axisOption("y", config),
    ...Object.entries(config).flatMap(([field, value]) => {
      const option = OPTIONS[field];
      return option === undefined ? [] : [`${option} ${shellWord(plain(value))}`];
    }),
  ];
  const feeders = config["feeders"];
  if (isList(feeders)) options.push(...feeders.map((feeder) => `--feeder ${shellWord(plain(feeder))}`));
  if (config["scenarios"] === false) options.push("--no-scenarios");
  if (config["sensitivity"] === false) options.push("--no-sensitivity");
  if (isObject(params)) {
    for (const [path, value] of Object.entries(params)) {
      options.push(`--set ${shellWord(`${path}=${setting(value)}`)}`);
    }
  }
  const command = typeof name === "string" ? `gridcast ${op} ${shellWord(name)}` : `gridcast ${op}`;
  return [command, ...options].join(" \\\n  ");
}

/** `--x PATH=MIN:MAX:STEPS`; nothing for an operation without axes. */
function axisOption(axis: "x" | "y", config: NewOperation["config"]): readonly string[] {
  const path = config[`param_${axis}`];
  if (typeof path !== "string") return [];
  const [min, max, steps] = ["min", "max", "steps"].map((end) => plain(config[`${axis}_${end}`] ?? ""));
  return [`--${axis} ${shellWord(`${path}=${min}:${max}:${steps}`)}`];
}

function plain(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** `origin`: where this service answers, such as `http://lab:8000`. It answers when the operation is over. */
export function asCurl({ op, config }: NewOperation, origin: string): string {
  return [
    `curl ${shellWord(`${origin}/api/operations/${op}`)}`,
    "-H 'Content-Type: application/json'",
    `-d ${shellWord(JSON.stringify(config))}`,
  ].join(" \\\n  ");
}

export function asPython({ op, config }: NewOperation, origin: string): string {
  const { name, ...rest } = config;
  const options = Object.entries(rest).map(([key, value]) => `    ${key}=${pythonLiteral(value)},`);
  const first = typeof name === "string" ? [pythonLiteral(name)] : [];
  const call =
    options.length === 0
      ? [`operation = client.${op}(${first.join("")})`]
      : [`operation = client.${op}(`, ...first.map((word) => `    ${word},`), ...options, ")"];
  return [
    "from gridcast.client import Client",
    "",
    `with Client(${pythonLiteral(origin)}) as client:`,
    ...call.map((line) => `    ${line}`),
    "    print(operation.result())",
  ].join("\n");
}
