import { Anchor, Stack, Text, Title } from "@mantine/core";
import { createRootRoute, createRoute, createRouter, Link, type RouterHistory } from "@tanstack/react-router";

import { HomePage } from "../pages/HomePage";
import { SessionPage } from "../pages/SessionPage";
import { Shell } from "./Shell";

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound });

const home = createRoute({ getParentRoute: () => root, path: "/", component: HomePage });

const session = createRoute({
  getParentRoute: () => root,
  path: "/sessions/$sessionId",
  component: function SessionRoute() {
    const { sessionId } = session.useParams();
    // A session's stream and history live and die with its page.
    return <SessionPage key={sessionId} sessionId={sessionId} />;
  },
});

const routeTree = root.addChildren([home, session]);

/** `history` is given by tests; the browser's own otherwise. */
export function makeRouter(history?: RouterHistory) {
  return createRouter({ routeTree, ...(history ? { history } : {}) });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}

function NotFound() {
  return (
    <Stack gap="xs" py="xl">
      <Title order={1} size="h3">
        There is no such page
      </Title>
      <Text>
        <Anchor component={Link} to="/">
          All runs and scenarios
        </Anchor>
      </Text>
    </Stack>
  );
}
