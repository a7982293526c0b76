/** Show what needs passkeys only where they work: browsers refuse them on a bare IP address. */
export function offerPasskeys(): void {
  const bareAddress = /^[\d.]+$|^\[/.test(location.hostname);
  if (bareAddress || !window.isSecureContext || !("PublicKeyCredential" in window)) return;
  for (const offer of document.querySelectorAll<HTMLElement>("[data-passkey]"))
    offer.hidden = false;
}
