import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

/** A call of one function of the log: a prepared statement, all values and all answers as text. */
export interface LogCall {
  /** Of the prepared statement. */
  name: string;
  text: string;
  values: (string | null)[];
}

/** One row of an answer, its columns in order. */
export type TextRow = (string | null)[];

/**
 * The connection that appends: made when first needed, kept while nobody appends, made anew after it was lost. What is
 * called while another call is under way is sent at once and answered in its turn, so that the server need not wait for us.
 */
export class AppendConnection {
  private current: Promise<pg.Client> | undefined;

  constructor(
    private readonly config: pg.ClientConfig,
    private readonly onTrouble: (error: unknown) => void,
  ) {}

  /** @throws the driver's error; each call under way gets it when the connection is lost */
  async call(call: LogCall): Promise<TextRow[]> {
    const client = await (this.current ??= this.connect());
    return new Promise((resolve, reject) => {
      client.query(new TextQuery(call, (error, rows) => (error ? reject(error) : resolve(rows))));
    });
  }

  /** Call it when no call is under way. Waits, bounded, until the socket is closed. */
  async end(): Promise<void> {
    const client = await this.current?.catch(() => undefined);
    if (client) await Promise.race([client.end(), sleep(END_MS, undefined, { ref: false })]);
  }

  private connect(): Promise<pg.Client> {
    const client = new pg.Client({ ...this.config, pipeline: true });
    const connecting = client.connect().then(() => client);
    const forget = () => {
      if (this.current === connecting) this.current = undefined;
    };
    client.on('error', (error) => {
      forget();
      this.onTrouble(error);
    });
    client.on('end', forget);
    connecting.catch(forget);
    return connecting;
  }
}

const END_MS = 5_000;

/**
 * The driver asks before each answer what its columns are called and of which type, and makes an object of each row.
 * Without that a lone append takes 25 of 265 microseconds less (measured). `prepare` is the driver's own but for that
 * question; it is part of its insides, so look at it when the driver changes.
 */
class TextQuery extends pg.Query {
  readonly name: string;
  private readonly answer: TextRow[] = [];

  constructor(
    private readonly call: LogCall,
    done: (error: Error | null | undefined, rows: TextRow[]) => void,
  ) {
    super(call.text, call.values, (error: Error | null | undefined) => done(error, this.answer));
    this.name = call.name;
  }

  prepare(connection: DriverConnection): void {
    const { name, text, values } = this.call;
    if (connection.parsedStatements[name] === undefined && connection.submittedNamedStatements[name] === undefined) {
      connection.parse({ name, text });
      connection.submittedNamedStatements[name] = text;
    }
    connection.bind({ portal: '', statement: name, values });
    connection.execute({ portal: '', rows: 0 });
    connection.sync();
  }

  handleDataRow({ fields }: { fields: TextRow }): void {
    this.answer.push(fields);
  }
}

interface DriverConnection {
  parsedStatements: Record<string, string>;
  submittedNamedStatements: Record<string, string>;
  parse(statement: { name: string; text: string }): void;
  bind(portal: { portal: string; statement: string; values: readonly unknown[] }): void;
  execute(portal: { portal: string; rows: number }): void;
  sync(): void;
}
