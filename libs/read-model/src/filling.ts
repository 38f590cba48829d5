import type { ClientBase, Pool } from 'pg';
import type { RecordedEvent } from '#domain/event.ts';
import { endVersions, loadRows } from './apply-batch.ts';
import { copyRows, lineMaker, type EncodedCells } from './copy-rows.ts';
import { distinct, touchedIds } from './fold-batch.ts';
import { STILL_VALID, type View, type ViewRow } from './view.ts';

/**
 * Fills one view's tables that nobody reads yet, from the first event on. A row that was touched lately is kept in
 * memory and written when its version ends or when it has to make room, so that most versions are written once and
 * whole, and none is loaded: ten times as fast as bringing the tables forward batch by batch (measured).
 */
export class Filling {
  /** Rows that hold now, the least lately changed first. */
  readonly #held = new Map<string, HeldRow>();
  /** What went with each of the batches that may not be in the table yet, the last first; undefined for a row that ended. */
  #leaving: Map<string, HeldRow | undefined>[] = [];
  /** Whether the table has rows that hold. */
  #hasLeft = false;
  #written: Written = noneWritten();
  readonly #line: ReturnType<typeof lineMaker>;

  constructor(
    readonly view: View,
    private readonly schema: string,
    private readonly rowsHeldMax = ROWS_HELD_MAX,
  ) {
    this.#line = lineMaker(view);
  }

  /** @returns what is to be written; at most `WRITES_BEHIND_MAX` batches may be unwritten while another is folded */
  async fold(pool: Pool, events: readonly RecordedEvent[]): Promise<Written> {
    if (this.#hasLeft) await this.#takeBack(pool, touchedIds(this.view, events));
    for (const event of events) for (const id of distinct(this.view.keys(event))) this.#step(event, id);
    return this.#take(this.rowsHeldMax);
  }

  /** The rest, when the last batch was folded. */
  rest(): Written {
    return this.#take(0);
  }

  async write(client: ClientBase, { ended, lines }: Written): Promise<void> {
    await endVersions(client, this.view, this.schema, ended);
    await copyRows(client, this.view, this.schema, lines);
  }

  async #takeBack(pool: Pool, touched: readonly string[]): Promise<void> {
    const stored: string[] = [];
    for (const id of touched) {
      if (this.#held.has(id)) continue;
      const batch = this.#leaving.find((leaving) => leaving.has(id));
      if (!batch) stored.push(id);
      const row = batch?.get(id);
      if (row) this.#held.set(id, row);
    }
    if (stored.length === 0) return;
    for (const [id, row] of await loadRows(pool, this.view, this.schema, stored)) this.#held.set(id, { row, validFrom: 0, isStored: true, encoded: undefined });
  }

  #step(event: RecordedEvent, id: string): void {
    const held = this.#held.get(id);
    const next = this.view.evolve(held?.row, event, id) ?? undefined;
    if (next === held?.row) return;
    if (held) this.#end(id, held, event.position);
    this.#held.delete(id);
    if (next === undefined) return;
    if (next.id !== id) throw new Error(`the row for "${id}" came out with id "${next.id}"`);
    this.#held.set(id, { row: next, validFrom: event.position, isStored: false, encoded: held?.encoded });
  }

  #end(id: string, held: HeldRow, at: number): void {
    if (held.isStored) this.#written.ended.push({ id, at });
    else if (this.view.history) {
      held.encoded ??= { values: [], cells: [] };
      this.#written.lines.push(this.#line({ ...held.row, validFrom: held.validFrom, validTo: at }, held.encoded));
    }
  }

  #take(heldMax: number): Written {
    const written = this.#written;
    this.#leaving = [new Map(written.ended.map(({ id }) => [id, undefined])), ...this.#leaving].slice(0, WRITES_BEHIND_MAX);
    for (const [id, row] of this.#held) {
      if (this.#held.size <= heldMax) break;
      this.#leave(id, row);
    }
    this.#written = noneWritten();
    return written;
  }

  #leave(id: string, held: HeldRow): void {
    if (!held.isStored) this.#written.lines.push(this.#line({ ...held.row, validFrom: held.validFrom, validTo: STILL_VALID }, held.encoded));
    this.#leaving[0]!.set(id, { ...held, isStored: true, encoded: undefined });
    this.#held.delete(id);
    this.#hasLeft = true;
  }
}

/** What a batch did to a view's table. */
export interface Written {
  /** Versions that were in the table and hold no more. */
  ended: { id: string; at: number }[];
  /** Versions, as `copyRows` takes them. */
  lines: string[];
}

interface HeldRow {
  row: ViewRow;
  validFrom: number;
  /** The version that holds is in the table already. */
  isStored: boolean;
  encoded: EncodedCells | undefined;
}

/** A batch in which many rows leave takes longer to write than to fold, most take less: a second evens that out. */
export const WRITES_BEHIND_MAX = 2;

/** Rows of one view that are kept in memory: about 30 MB of commitments. */
const ROWS_HELD_MAX = 3_000;

function noneWritten(): Written {
  return { ended: [], lines: [] };
}
