import { createContext, useContext } from "react";

import type { Json } from "../stream/frames";
import type { Path } from "./config";

/** What every field of the form knows, besides its own place. */
export interface FormValue {
  /** The scenario's own configuration. */
  readonly original: Json;
  readonly config: Json;
  /** Dotted path -> what the service said of it. */
  readonly problems: ReadonlyMap<string, string>;
  /** Names that a table of taps may have. */
  readonly regulators: readonly string[];
  /** Id of the list of buses where something may stand. */
  readonly busList: string;
  readonly set: (path: Path, value: Json | undefined) => void;
}

const Context = createContext<FormValue | null>(null);

export const FormProvider = Context.Provider;

export function useForm(): FormValue {
  const form = useContext(Context);
  if (!form) throw new Error("a field stands outside its form");
  return form;
}
