/**
 * Who this tab says it is: the token that a person gave, the shares of links that were opened, and whether the page asks for a token now.
 * Where accounts are off all of it stays empty.
 *
 * Kept in the tab's session storage: it outlives a reload, and neither the tab nor the browser (docs/security.md).
 */

const KEY = "gridcast.account";
const THING = /^\/(?:sessions|tasks|operations|analyses)\/([a-z0-9-]+)$/;
/** Forms for what is to be made stand where a thing's id would. */
const NO_ID = "new";

/** What the page wants to know before it goes on. */
export interface Asking {
  /** Why what was shown before does not do, in the server's words; null where nothing was shown. */
  readonly refusal: string | null;
  /** There is something to see without. */
  readonly optional: boolean;
  /** What was on the page belongs to somebody who has left. */
  readonly left: boolean;
}

export interface Standing {
  /** The service knows users. */
  readonly accounts: boolean;
  /** Who one is; null where nobody has signed in, or it is not known yet. */
  readonly name: string | null;
  /** May do everything with everything. */
  readonly admin: boolean;
  readonly asking: Asking | null;
}

type Kept = Pick<Storage, "getItem" | "setItem" | "removeItem">;
/** The part of the browser's address bar that is used. */
export interface AddressBar {
  readonly href: string;
  readonly replace: (href: string) => void;
}

/** The id of the session, task or operation whose page is at `pathname`. */
export function thingAt(pathname: string): string | null {
  const id = THING.exec(pathname)?.[1] ?? null;
  return id === NO_ID ? null : id;
}

/** Whether an address of the API is about the thing of this id. */
function isAbout(path: string, id: string): boolean {
  return path.split(/[/?&=,]/).includes(id);
}

export class Credentials {
  standing: Standing = { accounts: false, name: null, admin: false, asking: null };
  private newestToken: string | null = null;
  private readonly shares = new Map<string, string>();
  private readonly watchers = new Set<() => void>();
  private readonly kept: Kept;

  constructor(kept: Kept) {
    this.kept = kept;
    this.read();
  }

  get token(): string | null {
    return this.newestToken;
  }

  watch = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  };

  /** The share of the thing that a path is about; null where no link to it was opened. */
  shareFor(path: string): string | null {
    for (const [id, share] of this.shares) if (isAbout(path, id)) return share;
    return null;
  }

  /** Takes a share out of the address, so that nobody reads it there, or copies it, or finds it among the places visited. */
  takeShare({ href, replace }: AddressBar): void {
    const url = new URL(href);
    const share = url.searchParams.get("share");
    if (share === null) return;
    url.searchParams.delete("share");
    replace(url.href);
    const id = thingAt(url.pathname);
    if (id === null || share === "") return;
    this.shares.set(id, share);
    this.write();
  }

  /** The link to what this path is about does not hold. */
  dropShare(path: string): void {
    for (const id of this.shares.keys()) if (isAbout(path, id)) this.shares.delete(id);
    this.write();
  }

  /** What the service says of who one is. */
  learn(accounts: boolean, name: string | null, admin = false): void {
    this.enter({ ...this.standing, accounts, name, admin });
  }

  signIn(token: string, name: string, admin = false): void {
    this.newestToken = token;
    this.write();
    this.enter({ accounts: true, name, admin, asking: null });
  }

  /** Forgets everything. */
  signOut(): void {
    this.newestToken = null;
    this.shares.clear();
    this.write();
    const asking = { refusal: null, optional: true, left: true };
    this.enter({ accounts: true, name: null, admin: false, asking });
  }

  /**
   * The service wants to know who asks. `shown` is the token that it was shown: one that is not the newest says nothing of the newest.
   * `path` is what was asked for on the page at `pathname`: what such a page asks for beside its own thing does not stop it.
   */
  refused(shown: string | null, refusal: string | null, path: string, pathname: string): void {
    if (shown !== this.newestToken) return;
    if (shown !== null) {
      this.newestToken = null;
      this.write();
    }
    const id = thingAt(pathname);
    const beside = shown === null && id !== null && !isAbout(path, id);
    // The first refusal has the reason.
    const asking = this.standing.asking ?? (beside ? null : { refusal, optional: false, left: false });
    this.enter({ accounts: true, name: null, admin: false, asking });
  }

  /** Asks although the page has something to show. */
  ask(): void {
    const refusal = this.standing.asking?.refusal ?? null;
    this.enter({ ...this.standing, asking: { refusal, optional: true, left: false } });
  }

  /** Goes on without. */
  dismiss(): void {
    if (this.standing.asking) this.enter({ ...this.standing, asking: null });
  }

  private enter(standing: Standing): void {
    this.standing = standing;
    for (const watcher of this.watchers) watcher();
  }

  private read(): void {
    try {
      const found = JSON.parse(this.kept.getItem(KEY) ?? "{}") as { token?: unknown; shares?: unknown };
      if (typeof found.token === "string") this.newestToken = found.token;
      for (const [id, share] of Object.entries(found.shares ?? {})) {
        if (typeof share === "string") this.shares.set(id, share);
      }
    } catch {
      // A browser that keeps nothing, or something that is not ours: one signs in again.
    }
  }

  private write(): void {
    try {
      if (this.newestToken === null && this.shares.size === 0) this.kept.removeItem(KEY);
      else {
        const shares = Object.fromEntries(this.shares);
        this.kept.setItem(KEY, JSON.stringify({ token: this.newestToken, shares }));
      }
    } catch {
      // It holds until the page is left.
    }
  }
}

/** Session storage is looked for at each use: browsers that forbid it throw already when it is named. */
export const credentials = new Credentials({
  getItem: (key) => sessionStorage.getItem(key),
  setItem: (key, value) => {
    sessionStorage.setItem(key, value);
  },
  removeItem: (key) => {
    sessionStorage.removeItem(key);
  },
});
