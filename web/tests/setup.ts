import "@testing-library/jest-dom/vitest";

import { cleanup, configure } from "@testing-library/react";
import { afterEach } from "vitest";

afterEach(cleanup);
// Pages load their code when they are opened: on a busy machine that takes longer than the second that is the default.
configure({ asyncUtilTimeout: 4_000 });

// What jsdom lacks and Mantine asks for on mounting.
const nothing = () => undefined;
window.matchMedia = (media) =>
  ({
    matches: false,
    media,
    addEventListener: nothing,
    removeEventListener: nothing,
  }) as unknown as MediaQueryList;

class Unmeasured {
  observe = nothing;
  unobserve = nothing;
  disconnect = nothing;
}
window.ResizeObserver = Unmeasured;
window.IntersectionObserver = Unmeasured as unknown as typeof IntersectionObserver;
window.scrollTo = nothing;
