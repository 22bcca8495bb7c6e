import { type ReactNode, useState } from "react";

import { send } from "../api/http";
import { credentials } from "./credentials";
import { save } from "./save";

interface Props {
  readonly href: string;
  /** What the file is called. */
  readonly download: string;
  readonly className: string | undefined;
  readonly children: ReactNode;
}

/** A link to a file of the API. Browsers follow links without headers, so who is signed in is sent the file by this page. */
export function FileLink({ href, download, className, children }: Props) {
  const [words, setWords] = useState("");
  const fetchFile = async () => {
    setWords("Fetching…");
    try {
      save(await (await send(href)).blob(), download);
      setWords("");
    } catch (error) {
      setWords(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <a
      href={href}
      download={download}
      className={className}
      onClick={(event) => {
        if (credentials.token === null && credentials.shareFor(href) === null) return;
        event.preventDefault();
        void fetchFile();
      }}
    >
      {children} <span role="status">{words}</span>
    </a>
  );
}
