/** Reading foreign data field by field: every read either gives the stated type or throws a `BadFrame` that names the path. */

import type { Figure, Figures, Json } from "./frames";

/** Data from outside that is not what the protocol says. The message names the field and what was found. */
export class BadFrame extends Error {
  override readonly name = "BadFrame";
}

function found(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

function fail(path: string, expected: string, value: unknown): never {
  throw new BadFrame(`${path}: expected ${expected}, found ${found(value)}`);
}

export type Fields = Readonly<Record<string, unknown>>;

export function fields(value: unknown, path: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) fail(path, "an object", value);
  return value as Fields;
}

export function list(value: unknown, path: string): readonly unknown[] {
  if (!Array.isArray(value)) fail(path, "a list", value);
  return value;
}

export function text(value: unknown, path: string): string {
  if (typeof value !== "string") fail(path, "text", value);
  return value;
}

export function optionalText(value: unknown, path: string): string | null {
  return value === undefined || value === null ? null : text(value, path);
}

export function flag(value: unknown, path: string): boolean {
  if (typeof value !== "boolean") fail(path, "true or false", value);
  return value;
}

export function number(value: unknown, path: string): number {
  if (typeof value !== "number" || !Number.isFinite(value)) fail(path, "a number", value);
  return value;
}

export function count(value: unknown, path: string): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
    fail(path, "a whole number from 0", value);
  }
  return value;
}

export function optionalCount(value: unknown, path: string): number | null {
  return value === undefined || value === null ? null : count(value, path);
}

export function oneOf<T extends string>(value: unknown, allowed: readonly T[], path: string): T {
  const hit = allowed.find((candidate) => candidate === value);
  return hit ?? fail(path, `one of ${allowed.join(", ")}`, value);
}

export function figure(value: unknown, path: string): Figure {
  return value === null || value === undefined ? null : number(value, path);
}

/** A list of `length` figures. Checked element by element: this is where most of the stream comes in. */
export function figures(value: unknown, length: number, path: string): Figures {
  const rows = list(value, path);
  if (rows.length !== length) fail(path, `${length} values`, rows.length);
  for (let i = 0; i < length; i++) {
    const element = rows[i];
    if (element !== null && (typeof element !== "number" || !Number.isFinite(element))) {
      fail(`${path}[${i}]`, "a number or null", element);
    }
  }
  return rows as Figures;
}

/** A list of `length` rows of `width` figures, where a whole row may be `null`. */
export function matrix(
  value: unknown,
  length: number,
  width: number | null,
  path: string,
): readonly (Figures | null)[] {
  const rows = list(value, path);
  if (rows.length !== length) fail(path, `${length} rows`, rows.length);
  for (let i = 0; i < length; i++) {
    const row = rows[i];
    if (row === null) continue;
    const cells = list(row, `${path}[${i}]`);
    figures(cells, width ?? cells.length, `${path}[${i}]`);
  }
  return rows as readonly (Figures | null)[];
}

export function record<T>(
  value: unknown,
  path: string,
  item: (value: unknown, path: string) => T,
): Readonly<Record<string, T>> {
  const result: Record<string, T> = {};
  if (value === undefined) return result;
  for (const [key, element] of Object.entries(fields(value, path))) {
    result[key] = item(element, `${path}.${key}`);
  }
  return result;
}

export function items<T>(
  value: unknown,
  path: string,
  item: (value: unknown, path: string) => T,
): readonly T[] {
  return list(value, path).map((element, i) => item(element, `${path}[${i}]`));
}

/** Data that came out of `JSON.parse` is JSON by construction. */
export function json(value: unknown): Json {
  return (value ?? null) as Json;
}
