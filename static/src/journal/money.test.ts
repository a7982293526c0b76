import { expect, test } from "vitest";
import { exactMoney, parseMoney } from "./money";

test.each([
  ["0", "0"],
  ["0.10", "0.1"],
  ["12.000001", "12.000001"],
  ["1E-7", "0.0000001"],
  ["1.5e+3", "1500"],
  ["-0.25", "-0.25"],
  [".5", "0.5"],
  ["0.0000000000009", "0"],
  ["n/a", "0"],
])("%s is %s", (text, exact) => {
  expect(exactMoney(parseMoney(text))).toBe(exact);
});

test("sums are exact where floats are not", () => {
  expect(exactMoney(parseMoney("0.1") + parseMoney("0.2"))).toBe("0.3");
});
