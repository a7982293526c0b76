import "./editor.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { ApiError, Unreachable } from "../api/http";
import { App } from "./App";
import { open, type Props } from "./store/session";

const root = document.getElementById("editor");
const props = document.getElementById("editor-page")?.textContent;
if (!root || !props) throw new Error("the page has no #editor with #editor-page");

open(JSON.parse(props) as Props).then(
  () =>
    createRoot(root).render(
      <StrictMode>
        <App />
      </StrictMode>,
    ),
  (error: unknown) => {
    if (!(error instanceof ApiError || error instanceof Unreachable)) throw error;
    root.textContent = `The crew could not be opened. ${error.message}`;
  },
);
