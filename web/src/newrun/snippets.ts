/** The same run from a command line, from curl and from Python. */

import type { NewSession } from "../api/sessions";
import type { Json } from "../stream/frames";

/** One word of a POSIX shell. */
export function shellWord(text: string): string {
  return /^[A-Za-z0-9_./:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** As `--set` reads it: JSON where it parses as such, else text. */
export function setting(value: Json): string {
  if (typeof value !== "string") return JSON.stringify(value);
  try {
    JSON.parse(value);
  } catch {
    return value;
  }
  return JSON.stringify(value);
}

/** One option a line, so that a long command can be read. */
export function asCli(wish: NewSession): string {
  const options = Object.entries(wish.overrides).map(
    ([path, value]) => `--set ${shellWord(`${path}=${setting(value)}`)}`,
  );
  if (wish.seed !== 0) options.push(`--seed ${wish.seed}`);
  if (wish.speed !== "max") options.push(`--speed ${wish.speed}`);
  if (wish.title !== undefined) options.push(`--title ${shellWord(wish.title)}`);
  return [`gridcast run ${shellWord(wish.scenario)}`, ...options].join(" \\\n  ");
}

/** What must be sent: what is as it would be anyway is left out. */
function body(wish: NewSession): Record<string, Json> {
  return {
    scenario: wish.scenario,
    ...(Object.keys(wish.overrides).length > 0 ? { overrides: wish.overrides } : {}),
    ...(wish.seed === 0 ? {} : { seed: wish.seed }),
    ...(wish.speed === "max" ? {} : { speed: wish.speed }),
    ...(wish.on_idle === "continue" ? {} : { on_idle: wish.on_idle }),
    ...(wish.title === undefined ? {} : { title: wish.title }),
  };
}

/** `origin`: where this service answers, such as `http://lab:8000`. */
export function asCurl(wish: NewSession, origin: string): string {
  return [
    `curl ${shellWord(`${origin}/api/sessions`)}`,
    "-H 'Content-Type: application/json'",
    `-d ${shellWord(JSON.stringify(body(wish)))}`,
  ].join(" \\\n  ");
}

/** A Python literal. JSON's strings are Python's, once the halves of a pair of surrogates stay together. */
export function pythonLiteral(value: Json): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number" || typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(pythonLiteral).join(", ")}]`;
  const pairs = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${pythonLiteral(item)}`);
  return `{${pairs.join(", ")}}`;
}

export function asPython(wish: NewSession, origin: string): string {
  const { scenario, overrides, ...rest } = body(wish);
  const options = Object.entries(rest).map(([name, value]) => `    ${name}=${pythonLiteral(value)},`);
  if (overrides !== undefined) {
    const lines = Object.entries(wish.overrides).map(
      ([path, value]) => `        ${JSON.stringify(path)}: ${pythonLiteral(value)},`,
    );
    options.unshift("    overrides={", ...lines, "    },");
  }
  const call =
    options.length === 0
      ? [`run = client.create(${pythonLiteral(scenario ?? null)})`]
      : ["run = client.create(", `    ${pythonLiteral(scenario ?? null)},`, ...options, ")"];
  return [
    "from gridcast.client import Client",
    "",
    `with Client(${pythonLiteral(origin)}) as client:`,
    ...call.map((line) => `    ${line}`),
    "    print(run.wait())",
  ].join("\n");
}
