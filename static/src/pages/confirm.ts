/** Ask before a form with `data-confirm="What will happen?"` is sent, in the page's own dialog. */
export function confirmForms(): void {
  const dialog = document.querySelector<HTMLDialogElement>("#confirm");
  if (!dialog) return;
  // Capturing: htmx, which listens further down, must not see a form that is not confirmed yet.
  document.addEventListener("submit", (event) => ask(dialog, event), true);
}

function ask(dialog: HTMLDialogElement, event: SubmitEvent): void {
  const form = event.target as HTMLFormElement;
  const question = form.dataset.confirm;
  if (!question || form.dataset.confirmed) return;
  event.preventDefault();
  event.stopPropagation();
  const { submitter } = event;
  write(dialog, "[data-question]", question);
  write(dialog, "[data-yes]", form.dataset.confirmYes ?? "Continue");
  dialog.returnValue = "";
  dialog.onclose = () => {
    if (dialog.returnValue !== "yes") return;
    form.dataset.confirmed = "true";
    form.requestSubmit(submitter);
    delete form.dataset.confirmed;
  };
  dialog.showModal();
}

function write(dialog: HTMLDialogElement, selector: string, text: string): void {
  dialog.querySelector(selector)?.replaceChildren(text);
}
