/** Requests to the API. Failures come as one error type that carries the problem document (RFC 9457). */

import { signedFetch } from "../account/signed";
import { BadFrame, fields, items, list, optionalText, text } from "../stream/reader";

export interface FieldProblem {
  readonly loc: string;
  readonly msg: string;
}

export class Problem extends Error {
  override readonly name = "Problem";
  readonly status: number;
  readonly errors: readonly FieldProblem[];

  /** `status` is 0 where the server could not be reached. */
  constructor(status: number, message: string, errors: readonly FieldProblem[] = []) {
    super(message);
    this.status = status;
    this.errors = errors;
  }
}

async function problem(response: Response): Promise<Problem> {
  const fallback = `The server answered ${response.status} ${response.statusText}`.trim() + ".";
  try {
    const document = fields(await response.json(), "problem");
    const errors = Array.isArray(document["errors"])
      ? items(document["errors"], "errors", (element, path) => {
          const error = fields(element, path);
          return {
            loc: list(error["loc"], `${path}.loc`).map(String).join("."),
            msg: text(error["msg"], `${path}.msg`),
          };
        })
      : [];
    const message = optionalText(document["detail"], "detail") ?? optionalText(document["title"], "title");
    return new Problem(response.status, message ?? fallback, errors);
  } catch {
    return new Problem(response.status, fallback);
  }
}

/** The answer, where it is a good one. Throws `Problem`; an abort goes on as it is. */
export async function send(path: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await signedFetch(path, init);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Problem(0, "The server cannot be reached. Is it running?");
  }
  if (!response.ok) throw await problem(response);
  return response;
}

/** Answers what `read` makes of the JSON body. Throws `Problem`; an abort goes on as it is. */
export async function request<T>(
  path: string,
  read: (body: unknown) => T,
  init: RequestInit = {},
): Promise<T> {
  const response = await send(path, init);
  try {
    return read(await response.json());
  } catch (error) {
    if (!(error instanceof BadFrame || error instanceof SyntaxError)) throw error;
    throw new Problem(response.status, `The server's answer cannot be read. ${error.message}`);
  }
}

/** Deletes what is at `path`. That it is gone already is what was wanted. */
export async function remove(path: string): Promise<void> {
  try {
    await send(path, { method: "DELETE" });
  } catch (error) {
    if (!(error instanceof Problem && error.status === 404)) throw error;
  }
}

export interface Page<T> {
  readonly items: readonly T[];
  /** What to ask for the next page with; null after the last one. */
  readonly nextCursor: string | null;
}

/** One page of a paged list. */
export function page<T>(body: unknown, item: (value: unknown, path: string) => T): Page<T> {
  const answer = fields(body, "answer");
  return {
    items: items(answer["items"], "items", item),
    nextCursor: optionalText(answer["next_cursor"], "next_cursor"),
  };
}
