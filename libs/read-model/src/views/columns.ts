import type { EntitySchemaColumnOptions } from 'typeorm';

/** Types of column, by what they hold. */
export const text = { type: 'text' } as const;
export const texts = { type: 'text', array: true } as const;
export const int = { type: 'int' } as const;
export const ints = { type: 'int', array: true } as const;
export const flag = { type: 'boolean' } as const;
/** Calendar date. */
export const date = { type: 'date' } as const;
export const dates = { type: 'date', array: true } as const;
export const instant = { type: 'timestamptz' } as const;
/** Position in the log. */
export const position = { type: 'bigint' } as const;
/** How many events: more than an int holds, in time. */
export const count = { type: 'bigint' } as const;
export const json = { type: 'jsonb' } as const;

export function nullable<Column extends EntitySchemaColumnOptions>(column: Column): Column & { nullable: true } {
  return { ...column, nullable: true };
}
