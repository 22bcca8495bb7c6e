import { expect, test } from "vitest";

import { shareUrl } from "../../src/components/ShareButton";

const HERE = "https://lab.example/sessions/k3v9?t=5&view=table#x";

test("a link to the live run carries nothing but the run", () => {
  expect(shareUrl(HERE, null, "diagram")).toBe("https://lab.example/sessions/k3v9");
});

test("a link to a moment carries it in seconds, and the view of the grid", () => {
  expect(shareUrl(HERE, 723.1, "profile")).toBe("https://lab.example/sessions/k3v9?t=723.1&view=profile");
});
