import { z } from 'zod';
import { restrictedEvent } from './event.ts';

/**
 * The log has lost its end, as after a restore, and goes on above every position that anybody may have seen: the
 * positions from `voidFrom` to `voidTo` hold no event and never will. The log says it of itself (`ledger log
 * resume-above`): no use case decides it, and no state or view folds it.
 */
export const LogRestored = restrictedEvent('LogRestored', z.strictObject({ voidFrom: z.int().min(1), voidTo: z.int().min(1) }));
