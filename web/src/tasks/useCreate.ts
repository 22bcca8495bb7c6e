import { type UseMutationResult, useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import { newId } from "../api/sessions";
import { createTask, type NewTask, type Task, TASK_LISTS, taskKey } from "../api/tasks";

/** Starts a task and goes to its page. */
export function useCreate(): UseMutationResult<Task, Error, NewTask> {
  // One key for one wish: a second click, or a retry after a lost answer, does not start a second task.
  const [key, setKey] = useState(newId);
  const queries = useQueryClient();
  const navigate = useNavigate();
  return useMutation({
    mutationFn: (wish: NewTask) => createTask(wish, key),
    onSuccess: async (task) => {
      queries.setQueryData(taskKey(task.id), task);
      await navigate({ to: "/tasks/$taskId", params: { taskId: task.id } });
      void queries.invalidateQueries({ queryKey: TASK_LISTS });
    },
    onError: () => {
      setKey(newId());
    },
  });
}
