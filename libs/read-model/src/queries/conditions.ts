import { STILL_VALID } from '../view.ts';

/** Conditions of a SQL query, all to hold, with the values they speak of. */
export class Conditions {
  readonly values: unknown[] = [];
  private readonly parts: string[] = [];

  /** `where.add((value) => `c.lead = ${value}`, 'UNDP')`: values come as placeholders. */
  add(condition: (...placeholders: string[]) => string, ...values: unknown[]): void {
    this.parts.push(condition(...values.map((value) => this.value(value))));
  }

  /** A placeholder for a value that stands elsewhere in the query. */
  value(value: unknown): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }

  /** Rows of an alias that held at a position; that hold now where none is given, which indices serve best. */
  validAt(alias: string, position: number | undefined): void {
    const condition = this.valid(alias, position);
    this.add(() => condition);
  }

  /** The same as SQL, for use elsewhere in the query. */
  valid(alias: string, position: number | undefined): string {
    if (position === undefined) return `${alias}."validTo" = ${STILL_VALID}`;
    const at = this.value(position);
    return `${alias}."validFrom" <= ${at}::bigint and ${alias}."validTo" > ${at}::bigint`;
  }

  /**
   * Rows of an alias that held at a position, as conditions to be asked one by one: those that still hold, and those that
   * ended since. Each has an index of its own; asked together they were found by reading all versions there ever were.
   */
  heldAt(alias: string, position: number | undefined): string[] {
    const stillHold = `${alias}."validTo" = ${STILL_VALID}`;
    if (position === undefined) return [stillHold];
    const at = `${this.value(position)}::bigint`;
    return [`${stillHold} and ${alias}."validFrom" <= ${at}`, `${alias}."validTo" < ${STILL_VALID} and ${alias}."validTo" > ${at} and ${alias}."validFrom" <= ${at}`];
  }

  /** For use after `where`. */
  toString(): string {
    return this.parts.length > 0 ? this.parts.map((part) => `(${part})`).join(' and ') : 'true';
  }
}
