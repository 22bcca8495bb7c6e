import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
  type RouterHistory,
} from "@tanstack/react-router";

import { compareSearch } from "../compare/search";
import { filterOf } from "../sessions/filters";
import { newSearch } from "../newrun/search";
import { newOperationSearch, operationFilterOf } from "../operations/search";
import { newTaskSearch, taskFilterOf, taskSearch } from "../tasks/search";
import { Broken } from "./Broken";
import { NotFound } from "./NotFound";
import { Shell } from "./Shell";

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound });

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  validateSearch: filterOf,
  component: lazyRouteComponent(() => import("../pages/SessionsPage"), "SessionsPage"),
});

const newRun = createRoute({
  getParentRoute: () => root,
  path: "/new",
  validateSearch: newSearch,
  component: lazyRouteComponent(() => import("../pages/NewPage"), "NewPage"),
});

const compare = createRoute({
  getParentRoute: () => root,
  path: "/compare",
  validateSearch: compareSearch,
  component: lazyRouteComponent(() => import("../pages/ComparePage"), "ComparePage"),
});

const workers = createRoute({
  getParentRoute: () => root,
  path: "/workers",
  component: lazyRouteComponent(() => import("../pages/WorkersPage"), "WorkersPage"),
});

const tasks = createRoute({
  getParentRoute: () => root,
  path: "/tasks",
  validateSearch: taskFilterOf,
  component: lazyRouteComponent(() => import("../tasks/TasksPage"), "TasksPage"),
});

const newTask = createRoute({
  getParentRoute: () => root,
  path: "/tasks/new",
  validateSearch: newTaskSearch,
  component: lazyRouteComponent(() => import("../tasks/NewTaskPage"), "NewTaskPage"),
});

const task = createRoute({
  getParentRoute: () => root,
  path: "/tasks/$taskId",
  validateSearch: taskSearch,
  component: lazyRouteComponent(() => import("../tasks/TaskPage"), "TaskRoute"),
});

const operations = createRoute({
  getParentRoute: () => root,
  path: "/analyses",
  validateSearch: operationFilterOf,
  component: lazyRouteComponent(() => import("../operations/OperationsPage"), "OperationsPage"),
});

const newOperation = createRoute({
  getParentRoute: () => root,
  path: "/analyses/new",
  validateSearch: newOperationSearch,
  component: lazyRouteComponent(() => import("../operations/NewOperationPage"), "NewOperationPage"),
});

const operation = createRoute({
  getParentRoute: () => root,
  path: "/analyses/$operationId",
  component: lazyRouteComponent(() => import("../operations/OperationPage"), "OperationRoute"),
});

/** Where links of the service to an operation lead. */
const operationLink = createRoute({
  getParentRoute: () => root,
  path: "/operations/$operationId",
  beforeLoad: ({ params }) => {
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- the router's own way
    throw redirect({ to: "/analyses/$operationId", params, replace: true });
  },
});

const session = createRoute({
  getParentRoute: () => root,
  path: "/sessions/$sessionId",
  component: lazyRouteComponent(() => import("../pages/SessionRoute"), "SessionRoute"),
});

const routeTree = root.addChildren([
  home,
  newRun,
  compare,
  tasks,
  newTask,
  task,
  operations,
  newOperation,
  operation,
  operationLink,
  workers,
  session,
]);

/** `history` is given by tests; the browser's own otherwise. */
export function makeRouter(history?: RouterHistory) {
  return createRouter({
    routeTree,
    defaultPreload: "intent",
    defaultErrorComponent: Broken,
    ...(history ? { history } : {}),
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
