import { useMutation, useQueryClient } from "@tanstack/react-query";

import { experimentQuery } from "../api/tasks";
import { useStart } from "../newrun/useStart";

interface Wish {
  readonly experimentId: string;
  /** Which of its phases, from 0. */
  readonly phase: number;
}

/** Opens a phase of an experiment as a session of its own: same configuration, same seed, so the same ticks. */
export function useOpen(taskId: string) {
  const queries = useQueryClient();
  const start = useStart();
  return useMutation({
    mutationFn: async ({ experimentId, phase }: Wish) => {
      const { sessions } = await queries.query(experimentQuery(taskId, experimentId));
      const wish = sessions[phase];
      if (!wish) throw new Error(`The experiment has no phase ${phase + 1}.`);
      return start.mutateAsync({ ...wish, speed: "max", on_idle: "continue" });
    },
  });
}
