/** What running commands have printed so far: not stored anywhere, and bounded. */

export type Piece = { stream: string; text: string };

/** Characters kept of each command; the journal has its output once it has ended. */
const MOST = 100_000;

export class Printed {
  readonly pieces: Piece[] = [];
  private length = 0;

  add(stream: string, text: string): void {
    const last = this.pieces.at(-1);
    if (last?.stream === stream && last.text.length < 4_000) last.text += text;
    else this.pieces.push({ stream, text });
    this.length += text.length;
    while (this.length > MOST && this.pieces.length > 1) {
      this.length -= this.pieces.shift()?.text.length ?? 0;
    }
  }
}
