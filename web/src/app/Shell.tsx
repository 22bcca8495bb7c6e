import { ActionIcon, Group, Text, useMantineColorScheme } from "@mantine/core";
import { Link, Outlet } from "@tanstack/react-router";

import classes from "./Shell.module.css";

const NEXT = { auto: "light", light: "dark", dark: "auto" } as const;
const SCHEME = {
  auto: { label: "as the system", icon: "M12 3a9 9 0 0 0 0 18V3z M12 3a9 9 0 0 1 0 18" },
  light: {
    label: "light",
    icon: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8z M12 2v2 M12 20v2 M2 12h2 M20 12h2 M5 5l1.5 1.5 M17.5 17.5L19 19 M5 19l1.5-1.5 M17.5 6.5L19 5",
  },
  dark: { label: "dark", icon: "M20 14.5A8.5 8.5 0 1 1 9.5 4a7 7 0 0 0 10.5 10.5z" },
} as const;

/** What stands around every page: the way home and the choice of light or dark. */
export function Shell() {
  return (
    <>
      <a href="#main" className="skip-link">
        Skip to content
      </a>
      <header className={classes["bar"]}>
        <Link to="/" className={classes["home"]}>
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
          Gridcast
        </Link>
        <Text size="sm" className={classes["claim"]}>
          Live simulations of AI datacenters on power grids
        </Text>
        <Group ml="auto">
          <SchemeToggle />
        </Group>
      </header>
      <main id="main" className={classes["main"]}>
        <Outlet />
      </main>
    </>
  );
}

function SchemeToggle() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const { label, icon } = SCHEME[colorScheme];
  const next = NEXT[colorScheme];
  const title = `Colours: ${label}. Change to ${SCHEME[next].label}`;
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      aria-label={title}
      title={title}
      onClick={() => {
        setColorScheme(next);
      }}
    >
      <svg viewBox="0 0 24 24" width="18" height="18" aria-hidden="true">
        <path
          d={icon}
          fill="none"
          stroke="currentColor"
          strokeWidth="1.8"
          strokeLinecap="round"
          strokeLinejoin="round"
        />
      </svg>
    </ActionIcon>
  );
}
