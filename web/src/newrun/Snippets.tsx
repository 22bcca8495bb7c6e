import type { NewSession } from "../api/sessions";
import { CodeBox } from "../components/CodeBox";
import { asCli, asCurl, asPython } from "./snippets";

/** The run of the form, for a terminal or a script. */
export function Snippets({ wish }: { readonly wish: NewSession }) {
  return (
    <CodeBox
      label="The same run from a script"
      ways={[
        {
          name: "CLI",
          text: asCli(wish),
          note:
            wish.on_idle === "continue"
              ? undefined
              : "The command line watches its run to the end; what happens when nobody watches is not told to it.",
        },
        { name: "curl", text: asCurl(wish, location.origin) },
        { name: "Python", text: asPython(wish, location.origin) },
      ]}
    />
  );
}
