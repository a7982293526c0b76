import { expect, test } from "vitest";
import { draftOf, fieldsOf, readDraft } from "./form";

const REPORT = {
  type: "object",
  required: ["title"],
  properties: {
    copies: { type: "integer", title: "How many" },
    format: { enum: ["pdf", 2, null] },
    public: { type: "boolean" },
    tags: { type: "array" },
    title: { type: "string", maxLength: 100 },
    weight: { type: "number" },
  },
};
const fields = fieldsOf(REPORT);

test("what is needed comes first, each in its kind of field", () => {
  expect(fields.map((field) => [field.name, field.kind, field.title])).toEqual([
    ["title", "text", "Title"],
    ["copies", "number", "How many"],
    ["format", "choice", "Format"],
    ["public", "check", "Public"],
    ["tags", "json", "Tags"],
    ["weight", "number", "Weight"],
  ]);
});

test("a value goes into the fields and comes out the same", () => {
  const value = { title: "A", copies: 3, format: 2, public: true, tags: ["x"], weight: 0.5 };
  expect(readDraft(fields, draftOf(fields, value))).toEqual(value);
});

test("what is left empty is left out", () => {
  expect(readDraft(fields, { ...draftOf(fields), title: "A" })).toEqual({
    title: "A",
    public: false,
  });
});

test.each([
  [{}, "Title is needed."],
  [{ title: "A", copies: "1.5" }, "How many must be a whole number."],
  [{ title: "A", weight: "much" }, "Weight must be a number."],
  [{ title: "A", tags: "[" }, 'Tags must be JSON, for example {"name": "value"}.'],
])("%j is refused", (draft, message) => {
  expect(() => readDraft(fields, { ...draftOf(fields), ...draft })).toThrow(message);
});

test("a schema without properties is one field for the whole value", () => {
  const whole = fieldsOf({ type: "string" });
  expect(whole).toHaveLength(1);
  expect(readDraft(whole, draftOf(whole, "an answer"))).toBe("an answer");
});
