import "./run.css";
import "./feed.css";
import "./outcome.css";
import "./side.css";
import "../decide/decide.css";
import { createRoot } from "react-dom/client";
import type { Entry } from "../journal/entry";
import { App } from "./App";
import { setClock } from "./clock";
import { RunModel } from "./model";
import { readPage } from "./page";

const page = readPage();
setClock(page.now);

const model = new RunModel({
  open: (after) => {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    return new WebSocket(`${scheme}://${location.host}${page.urls.socket}?after=${after}`);
  },
  fetch: async (after) => {
    const response = await fetch(
      `${page.urls.api}runs/${page.run}/entries?after=${after}&limit=500`,
    );
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    const body = await response.json();
    return (Array.isArray(body) ? body : body.entries) as Entry[];
  },
});
model.start();

const root = document.getElementById("run-root");
if (root) createRoot(root).render(<App page={page} model={model} />);
