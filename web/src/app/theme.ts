import { createTheme, Popover } from "@mantine/core";

export const theme = createTheme({
  fontFamily: "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif",
  fontFamilyMonospace: "ui-monospace, 'Cascadia Mono', 'DejaVu Sans Mono', monospace",
  primaryColor: "blue",
  // White words on it, and it on white, have enough contrast (4.5) in small sizes too.
  primaryShade: 8,
  defaultRadius: "md",
  focusRing: "auto",
  respectReducedMotion: true,
  cursorType: "pointer",
  components: {
    // Beside their button in the page, also for the keyboard, and scrolled along with it.
    Popover: Popover.extend({ defaultProps: { withinPortal: false, hideDetached: false, shadow: "md" } }),
  },
});
