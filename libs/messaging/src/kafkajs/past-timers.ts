/** kafkajs sets timers for moments long past, of which Node warns in three lines at each start; every other warning stays. */
export function ignorePastTimers(): void {
  process.removeAllListeners('warning');
  process.on('warning', (warning) => {
    if (warning.name !== 'TimeoutNegativeWarning') console.warn(warning);
  });
}
