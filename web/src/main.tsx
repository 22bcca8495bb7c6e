import "./app/styles";

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { credentials } from "./account/credentials";
import { App } from "./app/App";

// Before the router reads the address.
credentials.takeShare({
  href: location.href,
  replace: (href) => {
    history.replaceState(history.state, "", href);
  },
});

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no element with the id root");
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
