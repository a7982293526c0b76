import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

// Each entry is named in a template by {% vite_asset %}; everything else is reached from these.
const entries = [
  "pages.ts",
  "editor/main.tsx",
  "run/main.tsx",
  "audit/main.ts",
  "inbox/main.tsx",
].map((name) => `src/${name}`);

export default defineConfig({
  base: "/static/",
  plugins: [react(), tailwindcss()],
  build: {
    outDir: "dist",
    manifest: "manifest.json",
    target: "es2022",
    // Every page is served with a strict content security policy: no inline script, no data: fonts.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    rolldownOptions: { input: entries },
  },
});
