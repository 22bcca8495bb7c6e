import { Button, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";

import { announce } from "../app/announce";
import { useTitle } from "../app/useTitle";
import classes from "./Account.module.css";
import { type Asking, credentials } from "./credentials";
import { recognise } from "./me";

/** Asks for a token, in the place of the page; the page comes back once the token is good. */
export function SignInCard({ asking }: { readonly asking: Asking }) {
  useTitle("Sign in");
  const field = useRef<HTMLInputElement>(null);
  const queries = useQueryClient();
  const signing = useMutation({
    mutationFn: recognise,
    onSuccess: ({ token, name, admin }) => {
      // What was answered to somebody else, or to nobody, is asked for again. What a form behind this card stands on stays until then: the
      // form would go with it.
      queries.removeQueries({ type: "inactive" });
      credentials.signIn(token, name, admin);
      void queries.invalidateQueries();
      announce(`Signed in as ${name}.`);
    },
    onError: () => {
      field.current?.select();
    },
  });
  useEffect(() => {
    field.current?.focus();
  }, []);

  return (
    <form
      className={classes["card"]}
      aria-labelledby="sign-in"
      onSubmit={(event) => {
        event.preventDefault();
        signing.mutate(field.current?.value ?? "");
      }}
    >
      <h1 id="sign-in">Sign in</h1>
      {asking.refusal !== null && (
        <p role="status" className={classes["why"]}>
          {sentence(asking.refusal)}
        </p>
      )}
      <TextInput
        ref={field}
        type="password"
        name="token"
        label="Token"
        description="Kept in this tab until you sign out or close it."
        autoComplete="off"
        spellCheck={false}
        required
        withAsterisk={false}
        error={signing.error ? sentence(signing.error.message) : undefined}
      />
      <div className={classes["ways"]}>
        <Button type="submit" loading={signing.isPending}>
          Sign in
        </Button>
        {asking.optional && (
          <Button
            variant="subtle"
            color="gray"
            onClick={() => {
              credentials.dismiss();
            }}
          >
            Look around without
          </Button>
        )}
      </div>
      <p className={classes["how"]}>
        No token yet? Whoever runs this service makes one with <code>gridcast token create --user NAME</code>:
        it prints a token that says who you are, for 30 days unless asked otherwise.
      </p>
    </form>
  );
}

/** The service words its reasons as a part of a sentence. */
function sentence(words: string): string {
  const whole = words.charAt(0).toUpperCase() + words.slice(1);
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
}
