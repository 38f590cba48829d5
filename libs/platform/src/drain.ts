import { setMaxListeners } from 'node:events';

/** Told when this process begins to stop. Answers without an end (a feed) must end then, or they are cut off. */
export class Drain {
  readonly #controller = new AbortController();

  constructor() {
    setMaxListeners(0, this.#controller.signal);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  begin(): void {
    this.#controller.abort();
  }
}
