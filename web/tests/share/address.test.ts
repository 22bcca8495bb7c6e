import { expect, test } from "vitest";

import { placeUrl, secretUrl } from "../../src/share/address";

const HERE = "https://lab.example/sessions/k3v9?t=5&view=table#x";

test("a link to the live run carries nothing but the run", () => {
  expect(placeUrl(HERE, null, "diagram")).toBe("https://lab.example/sessions/k3v9");
});

test("a link to a moment carries it in seconds, and the view of the grid", () => {
  expect(placeUrl(HERE, 723.1, "profile")).toBe("https://lab.example/sessions/k3v9?t=723.1&view=profile");
});

test("a share link is the same with the secret beside it", () => {
  expect(secretUrl(placeUrl(HERE, 723.1, "profile"), "session.k3v9.abc.sig_-")).toBe(
    "https://lab.example/sessions/k3v9?t=723.1&view=profile&share=session.k3v9.abc.sig_-",
  );
});
