/** Names of roles: lower case, digits, `_` and `-`, starting with a letter, at most 40 signs. */

const VALID = /^[a-z][a-z0-9_-]{0,39}$/;

export function validName(name: string): boolean {
  return VALID.test(name);
}

/** `wanted`, or the first of `wanted_2`, `wanted_3`, … that is free. */
export function freeName(wanted: string, taken: readonly string[]): string {
  const used = new Set(taken);
  if (!used.has(wanted)) return wanted;
  const stem = wanted.replace(/_\d+$/, "").slice(0, 35);
  for (let n = 2; ; n++) {
    if (!used.has(`${stem}_${n}`)) return `${stem}_${n}`;
  }
}

/** Why a role cannot have this name, or null. */
export function nameFault(name: string, taken: readonly string[]): string | null {
  if (!validName(name)) {
    return "Use lower-case letters, digits, _ and -, starting with a letter, at most 40.";
  }
  return taken.includes(name) ? `Another role is called ${name}.` : null;
}
