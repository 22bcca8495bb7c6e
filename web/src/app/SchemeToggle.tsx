import { ActionIcon, useMantineColorScheme } from "@mantine/core";

const NEXT = { auto: "light", light: "dark", dark: "auto" } as const;
const SCHEME = {
  auto: { label: "as the system", icon: "M12 3a9 9 0 0 0 0 18V3z M12 3a9 9 0 0 1 0 18" },
  light: {
    label: "light",
    icon: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8z M12 2v2 M12 20v2 M2 12h2 M20 12h2 M5 5l1.5 1.5 M17.5 17.5L19 19 M5 19l1.5-1.5 M17.5 6.5L19 5",
  },
  dark: { label: "dark", icon: "M20 14.5A8.5 8.5 0 1 1 9.5 4a7 7 0 0 0 10.5 10.5z" },
} as const;

export function SchemeToggle() {
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
