/**
 * A field that leaves only those things on the page that have its words.
 *
 * The field is a form's `[data-finds]`, hidden until this script is there; its value is the
 * selector of the things. What has none of them left (`[data-found-in]`) goes too, and the form's
 * `<output>` says how many are left. A thing is also found by `data-words`.
 */
export function watchFinder(): void {
  const field = document.querySelector<HTMLInputElement>("input[data-finds]");
  const form = field?.form;
  if (!field || !form) return;
  const things = [...document.querySelectorAll<HTMLElement>(field.dataset.finds ?? "")];
  const groups = [...document.querySelectorAll<HTMLElement>("[data-found-in]")];
  const texts = things.map((it) => `${it.dataset.words ?? ""} ${it.textContent}`.toLowerCase());
  const said = form.querySelector("output");
  const find = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    things.forEach((thing, n) => {
      thing.hidden = !words.every((word) => texts[n]?.includes(word));
    });
    for (const group of groups) {
      group.hidden = things.every((thing) => thing.hidden || !group.contains(thing));
    }
    const left = things.filter((thing) => !thing.hidden).length;
    if (said) said.textContent = words.length > 0 ? `${left} of ${things.length}` : "";
  };
  form.addEventListener("submit", (event) => event.preventDefault());
  field.addEventListener("input", find);
  form.hidden = false;
  // The browser may bring back what stood in it.
  find();
}
