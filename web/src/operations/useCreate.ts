import { type UseMutationResult, useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import {
  createOperation,
  type NewOperation,
  type Operation,
  OPERATION_LISTS,
  operationQuery,
} from "../api/operations";
import { newId } from "../api/sessions";

/** Starts an operation and goes to its page. */
export function useCreate(): UseMutationResult<Operation, Error, NewOperation> {
  // One key for one wish: a second click, or a retry after a lost answer, does not start a second operation.
  const [key, setKey] = useState(newId);
  const queries = useQueryClient();
  const navigate = useNavigate();
  return useMutation({
    mutationFn: (wish: NewOperation) => createOperation(wish, key),
    onSuccess: async (operation) => {
      queries.setQueryData(operationQuery(operation.id).queryKey, operation);
      await navigate({ to: "/analyses/$operationId", params: { operationId: operation.id } });
      void queries.invalidateQueries({ queryKey: OPERATION_LISTS });
    },
    onError: () => {
      setKey(newId());
    },
  });
}
