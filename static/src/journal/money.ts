/**
 * Money as a whole number of pico-dollars: sums are exact, as those of Python's Decimal are.
 *
 * The journal writes decimal text; what is finer than 1e-12 dollars is cut off.
 */

export type Money = bigint;

const DIGITS = 12;
const SCALE = 10n ** BigInt(DIGITS);
const FORM = /^(-?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/;

/** Reads `0.0042`, `1E-7`, …; text that is no number counts as nothing. */
export function parseMoney(text: string): Money {
  const match = FORM.exec(text.trim());
  if (!match) return 0n;
  const [, sign, whole = "", part = "", exponent] = match;
  const shift = DIGITS - part.length + Number(exponent ?? 0);
  const digits = BigInt(`${whole}${part}` || "0");
  const amount = shift >= 0 ? digits * 10n ** BigInt(shift) : digits / 10n ** BigInt(-shift);
  return sign ? -amount : amount;
}

/** The shortest exact decimal text: `0.0042`, `0`. */
export function exactMoney(amount: Money): string {
  const size = amount < 0n ? -amount : amount;
  const part = (size % SCALE).toString().padStart(DIGITS, "0").replace(/0+$/, "");
  return `${amount < 0n ? "-" : ""}${size / SCALE}${part ? `.${part}` : ""}`;
}

export function dollars(amount: Money): number {
  return Number(amount) / Number(SCALE);
}
