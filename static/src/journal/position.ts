/** Steps through a journal: the state after entry N, found by going on from the last one if possible. */

import type { Entry } from "./entry";
import { add, fold, newState, type RunState } from "./fold";

export class Position {
  private state = newState();

  /** The state after the first `seq` of the entries. Valid until the next call. */
  at(entries: readonly Entry[], seq: number): RunState {
    const end = Math.min(Math.max(seq, 0), entries.length);
    if (end < this.state.seq) this.state = fold(entries.slice(0, end));
    for (let n = this.state.seq; n < end; n += 1) add(this.state, entries[n] as Entry);
    return this.state;
  }
}
