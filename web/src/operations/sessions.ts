/** What a session is asked for to compute the very ticks of a point. Pure. */

import type { Operation } from "../api/operations";
import type { SessionWish } from "../api/results";
import type { Params } from "../api/tasks";
import { isObject } from "../newrun/config";
import type { Json } from "../stream/frames";

/** The scenario of an operation, as all its points have it; with what one of them differs by. */
export function sessionOf(config: Operation["config"], more: Params): SessionWish {
  const { name, seed, duration_s } = config;
  return {
    scenario: typeof name === "string" ? name : "",
    overrides: { ...paramsOf(config), ...(duration_s === undefined ? {} : { duration_s }), ...more },
    seed: typeof seed === "number" ? seed : 0,
  };
}

export function paramsOf(config: Operation["config"]): Params {
  const params: Json | undefined = config["params"];
  return isObject(params) ? params : {};
}
