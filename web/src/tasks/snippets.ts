/** The same task as a file for the command line, and from curl and Python. */

import type { NewTask } from "../api/tasks";
import { isObject } from "../newrun/config";
import { pythonLiteral, shellWord } from "../newrun/snippets";
import type { Json } from "../stream/frames";

function asJson(wish: NewTask): Readonly<Record<string, Json>> {
  return JSON.parse(JSON.stringify(wish)) as Readonly<Record<string, Json>>;
}

/** A TOML value on one line. JSON's strings are TOML's; what TOML lacks (null) is left out by those who write. */
function tomlValue(value: Json): string {
  if (Array.isArray(value)) return `[${value.map((item: Json) => tomlValue(item)).join(", ")}]`;
  if (isObject(value)) {
    const pairs = Object.entries(value).map(([key, item]) => `${tomlKey(key)} = ${tomlValue(item)}`);
    return `{ ${pairs.join(", ")} }`;
  }
  if (typeof value === "number" && Math.abs(value) >= 1e21) return value.toExponential();
  return JSON.stringify(value);
}

function tomlKey(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : JSON.stringify(key);
}

/** What `gridcast tune` reads. */
export function asToml(wish: NewTask): string {
  const { space, objectives, constraints = [], phases = [], overrides, stop, ...plain } = asJson(wish);
  const lines = Object.entries(plain).map(([key, value]) => `${tomlKey(key)} = ${tomlValue(value)}`);
  const table = (name: string, values: Json | undefined) => {
    if (!isObject(values)) return;
    lines.push("", `[${name}]`);
    for (const [key, value] of Object.entries(values)) {
      if (value !== null) lines.push(`${tomlKey(key)} = ${tomlValue(value)}`);
    }
  };
  const tables = (name: string, values: Json | undefined) => {
    if (!Array.isArray(values)) return;
    for (const value of values as readonly Json[]) table(`[${name}]`, value);
  };
  table("overrides", overrides);
  if (isObject(space)) {
    for (const [path, parameter] of Object.entries(space)) table(`space.${tomlKey(path)}`, parameter);
  }
  tables("objectives", objectives);
  tables("constraints", constraints);
  tables("phases", phases);
  table("stop", stop);
  return lines.join("\n");
}

/** `origin`: where this service answers, such as `http://lab:8000`. */
export function asCurl(wish: NewTask, origin: string): string {
  return [
    `curl ${shellWord(`${origin}/api/tasks`)}`,
    "-H 'Content-Type: application/json'",
    `-d ${shellWord(JSON.stringify(wish))}`,
  ].join(" \\\n  ");
}

export function asPython(wish: NewTask, origin: string): string {
  const lines = Object.entries(asJson(wish)).map(
    ([key, value]) => `    ${JSON.stringify(key)}: ${pythonLiteral(value)},`,
  );
  return [
    "from gridcast.client import Client",
    "",
    "spec = {",
    ...lines,
    "}",
    `with Client(${pythonLiteral(origin)}) as client:`,
    "    task = client.tune(spec)",
    "    print(task.wait())",
  ].join("\n");
}
