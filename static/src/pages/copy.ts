/** Alpine component: a button that copies the text of the element named by `data-copy`. */
export function copyButton() {
  return {
    copied: false,
    async copy(this: { copied: boolean; $el: HTMLElement }) {
      const source = document.querySelector(this.$el.dataset.copy ?? "");
      await navigator.clipboard.writeText(source?.textContent?.trim() ?? "");
      this.copied = true;
      setTimeout(() => {
        this.copied = false;
      }, 2000);
    },
  };
}
