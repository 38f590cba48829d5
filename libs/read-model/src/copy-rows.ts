import { Buffer } from 'node:buffer';
import type { ClientBase, Connection, Submittable } from 'pg';
import type { EntitySchemaColumnOptions } from 'typeorm';
import { rowColumns, STILL_VALID, type RowVersion, type View } from './view.ts';

/** Writes versions of rows by COPY: with wide rows a third of what json_populate_recordset costs the server. */
export async function copyRows(client: ClientBase, view: View, schema: string, lines: readonly string[]): Promise<void> {
  const columns = [...rowColumns(view), 'validFrom', 'validTo'].map((column) => `"${column}"`).join(', ');
  await copyLines(client, `copy ${schema}.rows (${columns}) from stdin`, lines);
}

/** Runs a `copy ... from stdin` with lines in COPY's text format, each with its end. */
export async function copyLines(client: ClientBase, text: string, lines: readonly string[]): Promise<void> {
  if (lines.length > 0) await client.query(new CopyIn(text, lines)).done;
}

/**
 * Makes the line of a version for `copyRows`. Refuses a row whose fields are not the table's columns: it would be loaded
 * again as another row than was folded. Working columns are forgotten where the version does not hold any more.
 *
 * `encoded`, which it fills, spares what the version has in common with the row's version before: most of it.
 */
export function lineMaker(view: View): (version: RowVersion, encoded?: EncodedCells) => string {
  const known = new Set(['validFrom', 'validTo', ...rowColumns(view)]);
  const columns = rowColumns(view).map((column) => ({
    column,
    encode: encoderOf((view.entity.options.columns as Record<string, EntitySchemaColumnOptions>)[column]!),
    isWorking: view.working.includes(column),
  }));
  return (version, encoded) => {
    const fields = version as unknown as Record<string, unknown>;
    for (const field in fields) if (!known.has(field)) throw new Error(`there is no column for "${field}"`);
    const cells = columns.map(({ column, encode, isWorking }, index) => {
      const value = fields[column];
      if (value === undefined) throw new Error(`"${column}" is undefined; use null`);
      if (value === null || (isWorking && version.validTo !== STILL_VALID)) return '\\N';
      if (encoded?.values[index] === value) return encoded.cells[index]!;
      const cell = encode(value as never);
      if (encoded) {
        encoded.values[index] = value;
        encoded.cells[index] = cell;
      }
      return cell;
    });
    return `${cells.join('\t')}\t${version.validFrom}\t${version.validTo}\n`;
  };
}

/** Values of a row's columns, in their order, and how COPY has them. */
export interface EncodedCells {
  values: unknown[];
  cells: string[];
}

/** A value that is not null as COPY's text format has it. */
type Encode = (value: never) => string;

function encoderOf({ type, array }: EntitySchemaColumnOptions): Encode {
  if (array) return (items: unknown[]) => escaped(`{${items.map(arrayItem).join(',')}}`);
  if (type === 'jsonb') return (value: unknown) => JSON.stringify(value).replaceAll('\\', '\\\\');
  if (type === 'boolean' || type === 'int' || type === 'bigint') return (value: unknown) => String(value);
  return (value: string | number) => escaped(String(value));
}

function arrayItem(item: unknown): string {
  return typeof item === 'string' ? `"${item.replace(/["\\]/g, '\\$&')}"` : String(item);
}

/** Text as COPY's text format has it. */
export function escaped(text: string): string {
  return SPECIAL.test(text) ? text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t') : text;
}

const SPECIAL = /[\\\n\r\t]/;
/** So many become one message. */
const MESSAGE_LINES = 200;

/** The message that carries lines; pg's own way to it copies them four times over (a tenth of a rebuild's processor time). */
function copyData(lines: string): Buffer {
  const size = Buffer.byteLength(lines);
  const message = Buffer.allocUnsafe(5 + size);
  message.write('d', 0);
  message.writeInt32BE(4 + size, 1);
  message.write(lines, 5);
  return message;
}

/** What pg lacks: a query that sends rows. pg calls these methods while it is the active one. */
class CopyIn implements Submittable {
  readonly #ended = Promise.withResolvers<void>();
  readonly done = this.#ended.promise;

  constructor(
    private readonly text: string,
    private readonly lines: readonly string[],
  ) {}

  submit(connection: Connection): void {
    connection.query(this.text);
  }

  handleCopyInResponse(connection: CopyConnection): void {
    for (let at = 0; at < this.lines.length; at += MESSAGE_LINES)
      connection.stream.write(copyData(this.lines.slice(at, at + MESSAGE_LINES).join('')));
    connection.endCopyFrom();
  }

  handleCommandComplete(): void {}

  handleReadyForQuery(): void {
    this.#ended.resolve();
  }

  handleError(error: Error): void {
    this.#ended.reject(error);
  }
}

interface CopyConnection extends Connection {
  endCopyFrom(): void;
}
