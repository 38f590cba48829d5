/** Stops what `setup.ts` started. */
export default async function stop(): Promise<void> {
  await globalThis.stopTestServers?.();
}
