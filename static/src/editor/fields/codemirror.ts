/** CodeMirror, loaded when the first field for code is shown. Undo is the editor's own. */

import { defaultKeymap, indentWithTab } from "@codemirror/commands";
import { json } from "@codemirror/lang-json";
import { python } from "@codemirror/lang-python";
import { yaml } from "@codemirror/lang-yaml";
import {
  bracketMatching,
  HighlightStyle,
  indentOnInput,
  syntaxHighlighting,
} from "@codemirror/language";
import { EditorState, type Extension } from "@codemirror/state";
import { EditorView, keymap, placeholder } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import type { Language } from "./code";

export type CodeMount = { setText(text: string): void; text(): string; destroy(): void };

type Options = {
  text: string;
  language: Language;
  placeholder: string;
  attributes: { [name: string]: string };
  change(text: string): void;
};

const LANGUAGES: { [language: string]: () => Extension } = { json, python, yaml };

const colours = syntaxHighlighting(
  HighlightStyle.define([
    {
      tag: [tags.keyword, tags.definitionKeyword, tags.controlKeyword],
      color: "var(--status-rehearsal)",
    },
    { tag: [tags.string, tags.special(tags.string)], color: "var(--status-done)" },
    { tag: [tags.number, tags.bool, tags.null], color: "var(--status-waiting)" },
    { tag: tags.comment, color: "var(--color-ink-3)", fontStyle: "italic" },
    { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--color-accent)" },
  ]),
);

/**
 * Text typed over a selection. Left to itself Chromium keeps the colour of what it replaces as an
 * inline style, which the page's content security policy reports.
 */
const typedOver = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const { inputType, data } = event;
    if (inputType !== "insertText" || data === null || view.state.selection.main.empty)
      return false;
    view.dispatch(view.state.replaceSelection(data), { userEvent: "input.type" });
    return true;
  },
});

/** Put an editor into an element of the page. */
export function mountCode(parent: HTMLElement, options: Options): CodeMount {
  let outside = false;
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: options.text,
      extensions: [
        EditorView.cspNonce.of(nonce()),
        keymap.of([indentWithTab, ...defaultKeymap]),
        EditorView.lineWrapping,
        typedOver,
        EditorView.contentAttributes.of(options.attributes),
        bracketMatching(),
        indentOnInput(),
        colours,
        placeholder(options.placeholder),
        LANGUAGES[options.language]?.() ?? [],
        EditorView.updateListener.of((update) => {
          if (update.docChanged && !outside) options.change(update.state.doc.toString());
        }),
      ],
    }),
  });
  return {
    text: () => view.state.doc.toString(),
    destroy: () => view.destroy(),
    setText(text) {
      const changes = difference(view.state.doc.toString(), text);
      if (!changes) return;
      outside = true;
      view.dispatch({ changes });
      outside = false;
    },
  };
}

/** The one stretch that differs, so that the cursor stays where it was; null when nothing does. */
function difference(before: string, after: string) {
  if (before === after) return null;
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) start++;
  let end = 0;
  while (end < shorter - start && before.at(-1 - end) === after.at(-1 - end)) end++;
  return { from: start, to: before.length - end, insert: after.slice(start, after.length - end) };
}

/** The page's nonce, which its scripts carry, lets CodeMirror add its style sheet. */
function nonce(): string {
  return document.querySelector<HTMLScriptElement>("script[nonce]")?.nonce ?? "";
}
