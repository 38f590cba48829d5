import { Agent, request, type IncomingHttpHeaders } from 'node:http';

export interface HttpAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  body: any;
}

/** A client with one kept connection, as each of many would have: fetch would share connections among them. */
export class HttpClient {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(private readonly token: string) {}

  /** @throws Error where the connection ends before the answer */
  post(url: string, body: unknown, key: string, headers: Record<string, string> = {}): Promise<HttpAnswer> {
    const json = JSON.stringify(body);
    return this.#send(url, 'POST', { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(json)), 'idempotency-key': key, ...headers }, json);
  }

  get(url: string): Promise<HttpAnswer> {
    return this.#send(url, 'GET', {});
  }

  close(): void {
    this.#agent.destroy();
  }

  #send(url: string, method: string, headers: Record<string, string>, body?: string): Promise<HttpAnswer> {
    return new Promise((resolve, reject) => {
      const sent = request(url, { method, agent: this.#agent, headers: { authorization: `Bearer ${this.token}`, ...headers } }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part: string) => (text += part));
        response.on('error', reject);
        response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) }));
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }
}
