import { describe, expect, test } from "vitest";

import { shortcutOf } from "../../src/steering/shortcuts";

/** What a key press on the first element of `html` stands for. */
function press(key: string, html = "<p></p>", init: KeyboardEventInit = {}) {
  document.body.innerHTML = html;
  let found: ReturnType<typeof shortcutOf> | undefined;
  const listener = (event: KeyboardEvent) => {
    found = shortcutOf(event);
  };
  window.addEventListener("keydown", listener);
  document.body
    .querySelector("[data-here], body > *")
    ?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, ...init }));
  window.removeEventListener("keydown", listener);
  return found;
}

describe("shortcuts", () => {
  test.each([
    [" ", "toggle"],
    [".", "step"],
    ["s", "speed"],
    ["?", "help"],
    ["x", null],
  ])("%j is %s", (key, shortcut) => {
    expect(press(key)).toBe(shortcut);
  });

  test.each(["<input>", "<textarea></textarea>", "<select></select>", '<div contenteditable="true"></div>'])(
    "never while typing in %s",
    (html) => {
      for (const key of [" ", ".", "s", "?"]) expect(press(key, html)).toBeNull();
    },
  );

  test.each(["<button></button>", "<button><svg data-here></svg></button>", '<div role="radio"></div>'])(
    "Space presses %s, as it always does",
    (html) => {
      expect(press(" ", html)).toBeNull();
      expect(press(".", html)).toBe("step");
    },
  );

  test.each([{ ctrlKey: true }, { metaKey: true }, { altKey: true }, { repeat: true }])(
    "not with %o",
    (init) => {
      expect(press("s", "<p></p>", init)).toBeNull();
    },
  );
});
