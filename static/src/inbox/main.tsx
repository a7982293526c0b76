import "../run/feed.css";
import "../decide/decide.css";
import "./inbox.css";
import { createRoot } from "react-dom/client";
import { setClock } from "../run/clock";
import { App } from "./App";
import { readPage } from "./inbox";

const page = readPage();
setClock(page.now);
const root = document.getElementById("inbox-root");
if (root) createRoot(root).render(<App page={page} />);
