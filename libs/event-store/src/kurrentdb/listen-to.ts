import type { ListenForHead } from '../head-watch.ts';

/** What the client's subscriptions have in common. */
interface Subscription {
  on(event: string, listener: (...args: never[]) => void): this;
  unsubscribe(): Promise<void>;
}

/** Hears of each event of a subscription that begins at the end; `onHeard` is called with each, and with none when it begins. */
export function listenTo<Event>(subscribe: () => Subscription, onHeard: (event: Event | undefined) => void = () => {}): ListenForHead {
  return async (announce, stop) => {
    const subscription = subscribe();
    const heard = (resolved?: { event?: Event }) => {
      announce();
      onHeard(resolved?.event);
    };
    try {
      await new Promise<void>((resolve, reject) => {
        const lost = () => reject(new Error('the subscription that listens for new events ended'));
        subscription.on('confirmation', () => heard()).on('data', heard).on('error', reject).on('end', lost).on('close', lost);
        if (stop.aborted) resolve();
        else stop.addEventListener('abort', () => resolve(), { once: true });
      });
    } finally {
      // What comes after we left is nobody's trouble.
      subscription.on('error', () => {});
      await subscription.unsubscribe();
    }
  };
}
