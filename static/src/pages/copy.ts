/** Alpine component: a button that copies the text of the element named by its `data-copy`. */
export function copyButton() {
  return {
    copied: false,
    async copy(event: Event) {
      const button = event.currentTarget as HTMLElement;
      const source = document.querySelector(button.dataset.copy ?? "");
      await navigator.clipboard.writeText(source?.textContent?.trim() ?? "");
      this.copied = true;
      setTimeout(() => {
        this.copied = false;
      }, 2000);
    },
  };
}
