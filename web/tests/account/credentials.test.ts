import { beforeEach, describe, expect, test } from "vitest";

import { Credentials, thingAt } from "../../src/account/credentials";

const ID = "0199-aa";
const PAGE = `/sessions/${ID}`;

beforeEach(() => {
  sessionStorage.clear();
});

function opened(href: string) {
  const credentials = new Credentials(sessionStorage);
  const places: string[] = [];
  credentials.takeShare({ href, replace: (place) => places.push(place) });
  return { credentials, places };
}

describe("a share link", () => {
  test("is taken out of the address, and the rest of it stays", () => {
    const { credentials, places } = opened(`http://lab${PAGE}?t=12&share=s3cret&view=list#x`);
    expect(places).toEqual([`http://lab${PAGE}?t=12&view=list#x`]);
    expect(credentials.shareFor(`/api/sessions/${ID}/ticks?from=0`)).toBe("s3cret");
  });

  test("holds for its own thing and no other", () => {
    const { credentials } = opened(`http://lab${PAGE}?share=s3cret`);
    expect(credentials.shareFor(`/api/ws/sessions/${ID}`)).toBe("s3cret");
    expect(credentials.shareFor(`/api/compare?ids=b,${ID}`)).toBe("s3cret");
    expect(credentials.shareFor(`/api/sessions/${ID}0`)).toBeNull();
    expect(credentials.shareFor("/api/sessions")).toBeNull();
  });

  test("outlives a reload of the tab", () => {
    opened(`http://lab${PAGE}?share=s3cret`);
    expect(new Credentials(sessionStorage).shareFor(`/api${PAGE}`)).toBe("s3cret");
  });

  test.each(["http://lab/?share=s3cret", `http://lab${PAGE}?share=`])(
    "that names nothing is taken out too: %s",
    (href) => {
      const { places } = opened(href);
      expect(places).toHaveLength(1);
      expect(places[0]).not.toContain("share");
      expect(sessionStorage).toHaveLength(0);
    },
  );

  test("leaves an address alone that has none", () => {
    expect(opened(`http://lab${PAGE}?t=12`).places).toEqual([]);
  });
});

describe("signing in", () => {
  test("is kept for the tab, and forgotten whole by signing out", () => {
    const { credentials } = opened(`http://lab${PAGE}?share=s3cret`);
    credentials.signIn("tok.en", "ada");
    expect(new Credentials(sessionStorage).token).toBe("tok.en");
    credentials.signOut();
    expect(credentials.token).toBeNull();
    expect(credentials.shareFor(`/api${PAGE}`)).toBeNull();
    expect(sessionStorage).toHaveLength(0);
    expect(credentials.standing).toMatchObject({ name: null, asking: { left: true } });
  });

  test("is over once the service refuses the token, in its words", () => {
    const { credentials } = opened("http://lab/");
    credentials.signIn("tok.en", "ada");
    credentials.refused("tok.en", "your token has expired", "/api/sessions", "/");
    expect(credentials.token).toBeNull();
    expect(credentials.standing).toMatchObject({ name: null, asking: { refusal: "your token has expired" } });
  });

  test("is not over because a token of before was refused", () => {
    const { credentials } = opened("http://lab/");
    credentials.signIn("new", "ada");
    credentials.refused("old", "your token has expired", "/api/sessions", "/");
    expect(credentials.token).toBe("new");
    expect(credentials.standing.asking).toBeNull();
  });

  test("works where the browser keeps nothing", () => {
    const forbidden = () => {
      throw new DOMException("denied", "SecurityError");
    };
    const credentials = new Credentials({ getItem: forbidden, setItem: forbidden, removeItem: forbidden });
    credentials.signIn("tok.en", "ada");
    expect(credentials.token).toBe("tok.en");
  });
});

test("a run's page that may be watched is not stopped by what it may not have beside the run", () => {
  const { credentials } = opened(`http://lab${PAGE}?share=s3cret`);
  credentials.refused(null, null, "/api/sessions/parent", PAGE);
  expect(credentials.standing.asking).toBeNull();
  credentials.refused(null, null, `/api/sessions/${ID}/fork`, PAGE);
  expect(credentials.standing.asking).not.toBeNull();
});

test("a form stands where a thing's id would, and is none", () => {
  expect([thingAt("/tasks/t1"), thingAt("/tasks/new"), thingAt("/new"), thingAt("/")]).toEqual([
    "t1",
    null,
    null,
    null,
  ]);
});
