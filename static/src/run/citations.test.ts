import { expect, test } from "vitest";
import { citationsOf } from "./citations";

const ID = "01a1fd03-39ba-7575-91a2-5d3412619e1b";

test("pages and passages become links", () => {
  const citations = [
    { title: "WAL", url: "https://sqlite.org/wal.html" },
    { title: "handbook.md (passage 3)", document: ID, passage: 3 },
  ];
  expect(citationsOf({ text: "x", citations })).toEqual([
    { title: "WAL", href: "https://sqlite.org/wal.html", outside: true },
    {
      title: "handbook.md (passage 3)",
      href: `/settings/documents/${ID}/?passage=3#passage-3`,
      outside: false,
    },
  ]);
});

test("what is no proper source is left out", () => {
  const citations = [
    { title: "bad", url: "javascript:alert(1)" },
    { title: "bad", document: "../../logout", passage: 1 },
    "text",
    {},
  ];
  expect(citationsOf({ citations })).toEqual([]);
  expect(citationsOf("text")).toEqual([]);
  expect(citationsOf(null)).toEqual([]);
});
