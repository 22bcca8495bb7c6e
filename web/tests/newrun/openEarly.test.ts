import { act, renderHook } from "@testing-library/react";
import { describe, expect, test } from "vitest";

import { openEarly, useSessionStream } from "../../src/stream/useSessionStream";
import { FakeSurroundings, hello } from "../samples";

describe("a stream that is opened before its page", () => {
  test("is taken over by the page, with what it has heard, and stays open", () => {
    const around = new FakeSurroundings();
    openEarly("k3v9", around);
    around.socket.onopen?.();
    around.socket.says(hello(0));
    const { result, unmount } = renderHook(() => useSessionStream("k3v9", around));
    expect(around.sockets).toHaveLength(1);
    expect(result.current.run.session?.title).toBe("IEEE 13");
    act(() => {
      around.pass(11_000);
    });
    expect(around.sockets[0]?.closed).toBe(false);
    unmount();
    expect(around.sockets[0]?.closed).toBe(true);
  });

  test("that no page takes is closed again", () => {
    const around = new FakeSurroundings();
    openEarly("other", around);
    around.socket.onopen?.();
    around.socket.says(hello(0));
    around.pass(9_900);
    expect(around.socket.closed).toBe(false);
    around.pass(200);
    expect(around.socket.closed).toBe(true);
  });
});
