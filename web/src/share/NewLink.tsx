import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type SyntheticEvent, useEffect, useRef, useState } from "react";

import { makeShare, type NewShare, type ShareRole, sharesQuery } from "../api/shares";
import { announce } from "../app/announce";
import { secretUrl } from "./address";
import classes from "./Share.module.css";
import type { Shared } from "./SharePanel";
import { useCopy } from "./useCopy";
import { LENGTHS, roleText, USUAL_S } from "./words";

const NOTE_LENGTH = 200;

interface Props {
  readonly shared: Shared;
  readonly place: () => string;
}

/** Makes a link, and shows it this once. */
export function NewLink({ shared, place }: Props) {
  const { things, id, act } = shared;
  const queries = useQueryClient();
  const [role, setRole] = useState<ShareRole>("viewer");
  const [length_s, setLength] = useState(USUAL_S);
  const [note, setNote] = useState("");
  const make = useMutation({
    mutationFn: async (wish: NewShare) => {
      const from = place();
      return secretUrl(from, await makeShare(things, id, wish));
    },
    onSuccess: () => {
      setNote("");
      announce("The link is made; copy it now.");
      void queries.invalidateQueries({ queryKey: sharesQuery(things, id).queryKey });
    },
  });
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    const said = note.trim();
    make.mutate({ role, expires_in_s: length_s, ...(said === "" ? {} : { note: said }) });
  };

  return (
    <>
      {make.data !== undefined && <Made key={make.data} url={make.data} />}
      <form className={classes["form"]} aria-label="New share link" onSubmit={submit}>
        <NativeSelect
          size="xs"
          label="Whoever has it"
          value={role}
          data={(["viewer", "controller"] as const).map((value) => ({ value, label: roleText(value, act) }))}
          onChange={(event) => {
            setRole(event.currentTarget.value === "controller" ? "controller" : "viewer");
          }}
        />
        <NativeSelect
          size="xs"
          label="For"
          value={length_s}
          data={LENGTHS.map(([value, label]) => ({ value: String(value), label }))}
          onChange={(event) => {
            setLength(Number(event.currentTarget.value));
          }}
        />
        <TextInput
          size="xs"
          label="Note"
          placeholder="whom it is for"
          className={classes["wide"] ?? ""}
          value={note}
          maxLength={NOTE_LENGTH}
          autoComplete="off"
          onChange={(event) => {
            setNote(event.currentTarget.value);
          }}
        />
        <Button
          type="submit"
          size="xs"
          variant={make.data === undefined ? "filled" : "default"}
          loading={make.isPending}
        >
          Make link
        </Button>
        {make.error && (
          <p className={classes["refused"]} role="alert">
            {make.error.message}
          </p>
        )}
      </form>
    </>
  );
}

/** A link that was made just now: nobody can show it again. */
function Made({ url }: { readonly url: string }) {
  const field = useRef<HTMLInputElement>(null);
  const { copied, copy } = useCopy("Share link copied.");
  useEffect(() => {
    field.current?.select();
  }, []);
  return (
    <div className={classes["made"]} role="group" aria-label="The new link">
      <TextInput
        ref={field}
        size="xs"
        aria-label="Share link"
        description="It is shown this once: copy it now."
        inputWrapperOrder={["label", "input", "description", "error"]}
        value={url}
        readOnly
        onFocus={(event) => {
          event.currentTarget.select();
        }}
      />
      <Button
        size="xs"
        miw={70}
        onClick={async () => {
          // Chosen, so that a key copies it where the page may not.
          if (!(await copy(url))) field.current?.select();
        }}
      >
        {copied ? "Copied" : "Copy"}
      </Button>
    </div>
  );
}
