/** What every page loads: the styles, htmx, and the few behaviours that templates may use. */
import "./styles/app.css";
import "htmx.org";
import Alpine from "@alpinejs/csp";
import { submitOnArrival } from "./pages/arrival";
import { watchInbox } from "./pages/badge";
import { confirmForms } from "./pages/confirm";
import { copyButton } from "./pages/copy";
import { watchFinder } from "./pages/finder";
import { offerPasskeys } from "./pages/passkeys";
import { themeChoice } from "./pages/theme";
import { watchToasts } from "./pages/toasts";

Alpine.data("theme", themeChoice);
Alpine.data("copy", copyButton);
Alpine.start();
confirmForms();
watchToasts();
watchInbox();
submitOnArrival();
offerPasskeys();
watchFinder();
