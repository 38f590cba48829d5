import { z } from 'zod';

/** Calendar date, ISO 8601: `2022-03-28`. */
export const PlainDate = z.iso.date();
/** `UNDP`, `UNDESA`, `UN-Habitat`: letters, digits and dashes, starting with a letter. */
export const AgencyCode = z.string().regex(/^[A-Za-z][A-Za-z0-9-]{0,29}$/, 'must be an agency code such as UNDP');
/** `C1`, `C7-eGov`. Bare `C7` fits the pattern; the decisions refuse it by name. */
export const ActionLineCode = z.string().regex(/^C(1[01]|[1-9])(-e[A-Z][A-Za-z]{1,9})?$/, 'must be an action line code such as C4 or C7-eGov');
/** `17.8.1` of the SDG framework, or an agency's own: `UNDP.labs`. */
export const IndicatorCode = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.-]{0,59}$/, 'must be an indicator code such as 17.8.1 or UNDP.labs');
/** Sustainable Development Goal, 1 to 17. */
export const Sdg = z.int().min(1).max(17);

const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/;
const EMAIL = /[^\s@]+@[^\s@]+\.[^\s@]{2,}/;
/** An international number: a plus, then at least eight digits with the usual separators between. */
const PHONE = /\+\d(?:[\s().\-/]*\d){7,}/;

/**
 * Plain text of a person. Nothing in the log can be erased, so contact data is refused at the door;
 * and control characters or lone surrogates would stick in every text column for ever.
 */
export function plainText(maxLength: number) {
  return z
    .string()
    .min(1)
    .max(maxLength)
    .refine((text) => text.isWellFormed(), { error: 'must not contain lone surrogates' })
    .refine((text) => !CONTROL.test(text), { error: 'must not contain control characters other than newline and tab' })
    .refine((text) => !EMAIL.test(text), { error: 'must not contain an e-mail address' })
    .refine((text) => !PHONE.test(text), { error: 'must not contain a phone number' });
}

/** BCP 47 tag: `en`, `fr`, `zh-Hans`. */
export const LanguageTag = z.string().regex(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, 'must be a BCP 47 language tag such as en');

/** Free text with the language it is written in. */
export const Text = z.strictObject({ text: plainText(10_000), language: LanguageTag });
export type Text = z.infer<typeof Text>;
/** A title or heading: one line. */
export const Title = z.strictObject({ text: plainText(300), language: LanguageTag });
/** Titles of reference data by language; English is always there. */
export const Titles = z.object({ en: plainText(300) }).catchall(plainText(300));
export type Titles = z.infer<typeof Titles>;

export function sameTitles(a: Titles, b: Titles): boolean {
  const languages = Object.keys(a);
  return languages.length === Object.keys(b).length && languages.every((language) => a[language] === b[language]);
}

/** A decimal number as text, never a float: up to 18 digits before and 9 after the point. */
export const Decimal = z.string().regex(/^-?\d{1,18}(\.\d{1,9})?$/, 'must be a decimal number as text, such as "75.6"');

/** A reported quantity. A range may carry a qualifier too ("about 14 to 15"). */
export const Value = z
  .strictObject({
    low: Decimal,
    high: Decimal.optional(),
    qualifier: z.enum(['about', 'nearly', 'more than', 'up to']).optional(),
    provisional: z.boolean().default(false),
  })
  .refine((value) => value.high === undefined || Number(value.low) <= Number(value.high), {
    path: ['high'],
    error: 'must not be below low',
  });
export type Value = z.infer<typeof Value>;

/** Money in full units of an ISO 4217 currency. */
export const Money = z.strictObject({
  amount: z.string().regex(/^\d{1,18}(\.\d{1,2})?$/, 'must be an amount as text, such as "100000000"'),
  currency: z.string().regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code such as USD'),
});
export type Money = z.infer<typeof Money>;

/** Where a transcribed record was read. */
export const TranscribedFrom = z.strictObject({ document: plainText(300), place: plainText(300) });
export type TranscribedFrom = z.infer<typeof TranscribedFrom>;
