import { Radio, Stack } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";

import { showTo, type Things } from "../api/shares";
import { announce } from "../app/announce";
import type { Visibility } from "../stream/frames";
import { CopyPlace } from "./CopyPlace";
import { Links } from "./Links";
import { NewLink } from "./NewLink";
import classes from "./Share.module.css";

/** A session, task or operation that somebody may share, and how its page calls it. */
export interface Shared {
  readonly things: Things;
  readonly id: string;
  readonly visibility: Visibility;
  /** Such as `run`. */
  readonly noun: string;
  /** What a link can let others do beside looking, such as `steer`. */
  readonly act: string;
}

interface Props {
  readonly shared: Shared;
  readonly place: () => string;
  readonly placeLabel: string;
}

/** Who may see a thing of one's own, and how others come to it. */
export function SharePanel({ shared, place, placeLabel }: Props) {
  return (
    <div className={classes["panel"]}>
      <Seen shared={shared} />
      <section className={`${classes["part"]} ${classes["plain"]}`} aria-label="Link for those who may watch">
        <p className={classes["note"]}>A plain link, for those who may watch it anyway</p>
        <CopyPlace place={place} label={placeLabel} />
      </section>
      <section className={classes["part"]} aria-labelledby="share-links">
        <h2 id="share-links" className={classes["title"]}>
          Share links
        </h2>
        <p className={classes["note"]}>
          Whoever has one may come in, with or without an account, until it ends or you withdraw it.
        </p>
        <Links shared={shared} />
        <NewLink shared={shared} place={place} />
      </section>
    </div>
  );
}

function Seen({ shared: { things, id, visibility, noun } }: { readonly shared: Shared }) {
  const queries = useQueryClient();
  const show = useMutation({
    mutationFn: (wanted: Visibility) => showTo(things, id, wanted),
    onSuccess: async (_, wanted) => {
      announce(wanted === "public" ? `The ${noun} is public.` : `The ${noun} is private.`);
      // The page's own copy says so too before the mark moves back.
      await queries.invalidateQueries({ queryKey: [things] });
    },
  });
  return (
    <Radio.Group
      label={`Who may watch this ${noun}`}
      size="sm"
      classNames={{ label: classes["title"] ?? "" }}
      value={show.isPending ? show.variables : visibility}
      onChange={(value) => {
        show.mutate(value === "public" ? "public" : "private");
      }}
      error={show.error?.message}
      errorProps={{ role: "alert" }}
    >
      <Stack gap={6} mt={6}>
        <Radio
          size="xs"
          value="private"
          label="You, and who has a share link"
          disabled={show.isPending && show.variables !== "private"}
        />
        <Radio
          size="xs"
          value="public"
          label="Everybody who reaches this service"
          disabled={show.isPending && show.variables !== "public"}
        />
      </Stack>
    </Radio.Group>
  );
}
