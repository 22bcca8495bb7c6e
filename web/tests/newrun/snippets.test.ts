import { execFileSync } from "node:child_process";

import { describe, expect, test } from "vitest";

import type { NewSession } from "../../src/api/sessions";
import { asCli, asCurl, asPython, pythonLiteral, shellWord } from "../../src/newrun/snippets";

const PLAIN: NewSession = { scenario: "ieee13", seed: 0, speed: "max", on_idle: "continue", overrides: {} };
const ODD: NewSession = {
  scenario: "ieee13-ofo",
  seed: 7,
  speed: 60,
  on_idle: "pause",
  title: `it's "his" $HOME`,
  overrides: {
    duration_s: 600,
    "datacenters.0.bus": "671",
    "datacenters.0.name": "o'neill",
    "controllers.0.v_min": null,
    "controllers.0.enabled": false,
    "datacenters.0.models.0.sizes": [8, 16],
  },
};

/** The words that a shell makes of a command. */
function words(command: string): string[] {
  const out = execFileSync("/bin/sh", ["-c", `for w in ${command}; do printf '%s\\0' "$w"; done`]).toString();
  return out.split("\0").slice(0, -1);
}

describe("the same run from elsewhere", () => {
  test("a plain run is one short line", () => {
    expect(asCli(PLAIN)).toBe("gridcast run ieee13");
    expect(asPython(PLAIN, "http://lab:8000")).toBe(
      [
        "from gridcast.client import Client",
        "",
        'with Client("http://lab:8000") as client:',
        '    run = client.create("ieee13")',
        "    print(run.wait())",
      ].join("\n"),
    );
  });

  test("a shell reads the command line as it was meant, whatever the values hold", () => {
    expect(words(asCli(ODD))).toEqual([
      ...["gridcast", "run", "ieee13-ofo"],
      ...["--set", "duration_s=600"],
      // As text, and not as a number: the command line reads JSON where it can.
      ...["--set", 'datacenters.0.bus="671"'],
      ...["--set", "datacenters.0.name=o'neill"],
      ...["--set", "controllers.0.v_min=null"],
      ...["--set", "controllers.0.enabled=false"],
      ...["--set", "datacenters.0.models.0.sizes=[8,16]"],
      ...["--seed", "7", "--speed", "60", "--title", `it's "his" $HOME`],
    ]);
  });

  test("curl sends the same body as this page", () => {
    const sent = words(asCurl(ODD, "http://lab:8000"));
    expect(sent.slice(0, 2)).toEqual(["curl", "http://lab:8000/api/sessions"]);
    expect(JSON.parse(sent.at(-1) ?? "")).toEqual(ODD);
  });

  test("Python's words for JSON's values", () => {
    expect(pythonLiteral({ a: [null, true, false, 1.5, 'it\'s "so"'] })).toBe(
      '{"a": [None, True, False, 1.5, "it\'s \\"so\\""]}',
    );
    expect(asPython(ODD, "http://lab:8000")).toContain('            "controllers.0.v_min": None,');
    expect(asPython(ODD, "http://lab:8000")).toContain('        on_idle="pause",');
  });

  test("words without anything special stay as they are", () => {
    expect(shellWord("a.b_c-d/e:f=1,2")).toBe("a.b_c-d/e:f=1,2");
    expect(shellWord("")).toBe("''");
    expect(shellWord("a;b")).toBe("'a;b'");
  });
});
