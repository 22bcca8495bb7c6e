import { Link, Outlet, useNavigate, useRouterState } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";

import { AccountTools } from "../account/AccountTools";
import { type Asking, credentials } from "../account/credentials";
import { learnWhoIAm } from "../account/me";
import { SignInCard } from "../account/SignInCard";
import { useStanding } from "../account/useStanding";
import { AwayBanner } from "./AwayBanner";
import { KeyHelp } from "./KeyHelp";
import { Keys, PLACES } from "./keys";
import { LiveRegion } from "./LiveRegion";
import { SchemeToggle } from "./SchemeToggle";
import classes from "./Shell.module.css";

const RUN_PAGE = /^\/sessions\/./;
const TASK_PAGE = /^\/tasks\/./;
const OPERATION_PAGE = /^\/analyses\/./;
/** What is written into a form is not lost where somebody has to sign in again. */
const isForm = (path: string) => path.endsWith("/new");
/** Pages that show to nobody in particular what is public. */
const LISTS = new Set(["/", "/tasks", "/analyses"]);

/** What stands around every page: the ways to the others, light or dark, and whether the service is there at all. */
export function Shell() {
  const path = useRouterState({ select: ({ location }) => location.pathname });
  const [helping, setHelping] = useState(false);
  useKeys(path, () => {
    setHelping((shown) => !shown);
  });
  const main = useFocusAfterMove(path);
  const asking = useSigningIn(path);

  return (
    <>
      <a href="#main" className="skip-link">
        Skip to content
      </a>
      <header className={classes["bar"]}>
        <Link to="/" className={classes["home"]} activeOptions={{ exact: true }}>
          <svg viewBox="0 0 32 32" width="24" height="24" aria-hidden="true">
            <rect width="32" height="32" rx="7" fill="#1f5fbf" />
            <path
              d="M4 18h6l3-9 5 15 4-10 2 4h4"
              fill="none"
              stroke="#fff"
              strokeWidth="2.6"
              strokeLinecap="round"
              strokeLinejoin="round"
            />
          </svg>
          <span className={classes["word"]}>Gridcast</span>
        </Link>
        <nav aria-label="Pages" className={classes["nav"]}>
          {PLACES.map(({ to, label }) => (
            <Link
              key={to}
              to={to}
              className={classes["place"]}
              // A run's page is one of the sessions, a task's one of tuning, an operation's one of the analyses.
              activeOptions={{ exact: true, includeSearch: false }}
              data-here={
                (to === "/" && RUN_PAGE.test(path)) ||
                (to === "/tasks" && TASK_PAGE.test(path)) ||
                (to === "/analyses" && OPERATION_PAGE.test(path)) ||
                undefined
              }
            >
              {label}
            </Link>
          ))}
        </nav>
        <div className={classes["tools"]}>
          <KeyHelp opened={helping} onChange={setHelping} />
          <SchemeToggle />
          <AccountTools />
        </div>
      </header>
      <AwayBanner />
      <main id="main" ref={main} tabIndex={-1} className={classes["main"]}>
        {asking && <SignInCard asking={asking} />}
        {(!asking || (isForm(path) && !asking.left)) && (
          <div hidden={asking !== null}>
            <Outlet />
          </div>
        )}
      </main>
      <LiveRegion />
    </>
  );
}

function useKeys(path: string, onHelp: () => void): void {
  const navigate = useNavigate();
  const latest = useRef({ path, onHelp });
  useEffect(() => {
    latest.current = { path, onHelp };
  });
  useEffect(() => {
    const keys = new Keys();
    const onKeyDown = (event: KeyboardEvent) => {
      const wish = keys.press(event, performance.now());
      if (wish?.kind === "go") void navigate({ to: wish.to });
      // A run's page has keys of its own, and shows them itself.
      else if (wish && !RUN_PAGE.test(latest.current.path)) latest.current.onHelp();
    };
    window.addEventListener("keydown", onKeyDown);
    return () => {
      window.removeEventListener("keydown", onKeyDown);
    };
  }, [navigate]);
}

/** Finds out who one is; answers what the page asks for before it shows what is at `path`. */
function useSigningIn(path: string): Asking | null {
  const { asking } = useStanding();
  const before = useRef(path);
  useEffect(() => {
    void learnWhoIAm().then(() => {
      const { accounts, name } = credentials.standing;
      if (accounts && name === null && LISTS.has(before.current)) credentials.ask();
    });
  }, []);
  useEffect(() => {
    // Another page may be open to all.
    if (before.current !== path) credentials.dismiss();
    before.current = path;
  }, [path]);
  return asking;
}

/** After a move to another page the keyboard goes on from its beginning, and a screen reader reads it. */
function useFocusAfterMove(path: string) {
  const main = useRef<HTMLElement>(null);
  const before = useRef(path);
  useEffect(() => {
    if (before.current === path) return;
    before.current = path;
    main.current?.focus({ preventScroll: true });
  }, [path]);
  return main;
}
