import type { FastifyReply, FastifyRequest } from 'fastify';
import { Problem } from './problem.ts';

export interface BodyBounds {
  /** Of one body; one that announces more is refused elsewhere, before it is read. */
  bytesMax: number;
  /** Of all bodies that one process holds at once. */
  allBytesMax: number;
  /** Of those of one caller: nobody shuts out the others by sending slowly. */
  bytesOfOneMax: number;
}

/**
 * Bounds the memory that bodies take: each counts, as long as it says it is, from before it is read until its request
 * is answered. A body in chunks does not say, and counts as the longest.
 */
export class BodiesUnderWay {
  #bytes = 0;
  readonly #bytesOf = new Map<string, number>();

  constructor(private readonly bounds: BodyBounds) {}

  /** @throws Problem SERVICE.BUSY (503), with Retry-After */
  take(request: FastifyRequest, reply: FastifyReply): void {
    const bytes = Math.min(announced(request), this.bounds.bytesMax);
    if (bytes === 0) return;
    const whose = request.actor?.id ?? request.ip;
    const ofOne = (this.#bytesOf.get(whose) ?? 0) + bytes;
    if (this.#bytes + bytes > this.bounds.allBytesMax || ofOne > this.bounds.bytesOfOneMax)
      throw new Problem(503, 'SERVICE.BUSY', 'too much is being sent just now; repeat the request with the same Idempotency-Key', { headers: { 'retry-after': '1' } });
    this.#bytes += bytes;
    this.#bytesOf.set(whose, ofOne);
    reply.raw.once('close', () => this.#give(whose, bytes));
  }

  #give(whose: string, bytes: number): void {
    this.#bytes -= bytes;
    const left = this.#bytesOf.get(whose)! - bytes;
    if (left > 0) this.#bytesOf.set(whose, left);
    else this.#bytesOf.delete(whose);
  }
}

/** The body of a GET is never read. */
function announced({ method, headers }: FastifyRequest): number {
  if (method === 'GET' || method === 'HEAD') return 0;
  return headers['transfer-encoding'] === undefined ? Number(headers['content-length'] ?? 0) : Infinity;
}
