import { describe, expect, it } from "vitest";
import type { ToolUse } from "../../graph/document";
import { toolMatches, withTool, withToolField } from "./tools";

const uses: ToolUse[] = ["ask_human", { name: "http_get", options: { allow: ["a.example"] } }];

describe("the tools of a role", () => {
  it("are added once and taken away whole", () => {
    expect(withTool(uses, "shell", true)).toEqual([...uses, "shell"]);
    expect(withTool(uses, "http_get", true)).toEqual(uses);
    expect(withTool(uses, "http_get", false)).toEqual(["ask_human"]);
  });

  it("are a name again when nothing more is said", () => {
    const asked = withToolField(uses, "ask_human", "approval", "always");
    expect(asked[0]).toEqual({ name: "ask_human", approval: "always" });
    expect(withToolField(asked, "ask_human", "approval", undefined)[0]).toBe("ask_human");
    expect(withToolField(uses, "http_get", "options", {})[1]).toBe("http_get");
    expect(withToolField(uses, "http_get", "per_minute", 3)[1]).toEqual({
      name: "http_get",
      options: { allow: ["a.example"] },
      per_minute: 3,
    });
  });

  it("are found by words of their name, title and text", () => {
    const tool = { name: "mcp.desk.find", title: "Find a desk", description: "Looks for places." };
    expect(toolMatches(tool, "")).toBe(true);
    expect(toolMatches(tool, "DESK places")).toBe(true);
    expect(toolMatches(tool, "desk chair")).toBe(false);
  });
});
