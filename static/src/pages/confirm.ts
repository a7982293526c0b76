/** Ask before a form with `data-confirm="What will happen?"` is sent, in the page's own dialog. */
export function confirmForms(): void {
  const dialog = document.querySelector<HTMLDialogElement>("#confirm");
  if (!dialog) return;
  document.addEventListener("submit", (event) => {
    const form = event.target as HTMLFormElement;
    const question = form.dataset.confirm;
    if (!question || form.dataset.confirmed) return;
    event.preventDefault();
    event.stopPropagation();
    const submitter = event.submitter;
    dialog.querySelector("[data-question]")!.textContent = question;
    dialog.querySelector("[data-yes]")!.textContent = form.dataset.confirmYes ?? "Continue";
    dialog.returnValue = "";
    dialog.onclose = () => {
      if (dialog.returnValue !== "yes") return;
      form.dataset.confirmed = "true";
      form.requestSubmit(submitter);
      delete form.dataset.confirmed;
    };
    dialog.showModal();
  }, true);
}
