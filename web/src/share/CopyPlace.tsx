import { Button } from "@mantine/core";

import { useCopy } from "./useCopy";

interface Props {
  /** The address at the moment of the click. */
  readonly place: () => string;
  readonly label: string;
}

/** Copies the address of what is seen, for those who may see it anyway. */
export function CopyPlace({ place, label }: Props) {
  const { copied, copy } = useCopy("Link copied.");
  const act = async () => {
    const url = place();
    if (!(await copy(url))) window.prompt("Link to this page", url);
  };
  return (
    <Button size="xs" variant="default" onClick={act} miw={112}>
      {copied ? "Link copied" : label}
    </Button>
  );
}
