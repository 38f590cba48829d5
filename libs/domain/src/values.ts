import { z } from 'zod';
import { compareDecimals } from './decimal.ts';

/**
 * Calendar date, ISO 8601: `2022-03-28`. Bounded, so that the day after and the day on which a report grows old
 * are dates too, here and in every database.
 */
export const PlainDate = z.iso.date({ abort: true }).refine((date) => date >= '1900-01-01' && date <= '2999-12-31', { error: 'must be from 1900 to 2999', params: { rule: 'date_range' } });
/** `UNDP`, `UNDESA`, `UN-Habitat`: letters, digits and dashes, starting with a letter. */
export const AgencyCode = z.string().regex(/^[A-Za-z][A-Za-z0-9-]{0,29}$/, 'must be an agency code such as UNDP');
/** `C1`, `C7-eGov`. Bare `C7` fits the pattern; the decisions refuse it by name. */
export const ActionLineCode = z.string().regex(/^C(1[01]|[1-9])(-e[A-Z][A-Za-z]{1,9})?$/, 'must be an action line code such as C4 or C7-eGov');
/** `17.8.1` of the SDG framework, or an agency's own: `UNDP.labs`. */
export const IndicatorCode = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9.-]{0,59}$/, 'must be an indicator code such as 17.8.1 or UNDP.labs');
/** Sustainable Development Goal, 1 to 17. */
export const Sdg = z.int().min(1).max(17);

const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/;
/** One character before the at sign tells enough: more would take quadratic time on long text without one. */
const EMAIL = /[^\s@/]@[^\s@]+\.[^\s@]{2,}/;
/** An international number: a plus, then at least eight digits with the usual separators between. */
const PHONE_WITH_PLUS = /\+(?:\s?\()?\d(?:[\s().\p{Pd}\u2212/]*\d){7,}/u;
/**
 * With 00 for the plus: at least nine digits, so that an ISBN is none; and not the end of a number, an amount or a
 * time ("100 000 000", "5.00", "14:00", "14h00") with dates behind it.
 */
const PHONE_WITH_ZEROS = /(?<!\d(?:[.,:]|\s?h\s?)?)00\s?\(?[1-9](?:[\s().\p{Pd}\u2212/]*\d){8,}/u;

/**
 * Plain text of a person. Nothing in the log can be erased, so contact data is refused at the door;
 * and control characters or lone surrogates would stick in every text column for ever.
 */
export function plainText(maxLength: number) {
  return z
    .string()
    .min(1, { abort: true })
    .max(maxLength)
    .refine((text) => text.trim() !== '', { error: 'must not be blank', params: { rule: 'blank' } })
    .refine(isWellFormed, { error: 'must not contain lone surrogates', params: { rule: 'surrogates' } })
    .refine(hasNoControls, { error: 'must not contain control characters other than newline and tab', params: { rule: 'control_characters' } })
    .refine(hasNoEmail, { error: 'must not contain an e-mail address', params: { rule: 'email' } })
    .refine(hasNoPhone, { error: 'must not contain a phone number', params: { rule: 'phone' } });
}

/** Plain text without line breaks. */
function oneLine(maxLength: number) {
  return plainText(maxLength).refine((text) => !/[\n\t]/.test(text), { error: 'must be one line', params: { rule: 'one_line' } });
}

/** Address of a public page. Digits after a plus are no phone number there: it may stand for a space. */
export const WebAddress = z
  .url({ protocol: /^https?$/ })
  .max(2000)
  .refine(isWellFormed, { error: 'must not contain lone surrogates', params: { rule: 'surrogates' } })
  .refine(hasNoControls, { error: 'must not contain control characters', params: { rule: 'control_characters' } })
  .refine(hasNoEmail, { error: 'must not contain an e-mail address', params: { rule: 'email' } });

export function isWellFormed(text: string): boolean {
  return text.isWellFormed();
}

export function hasNoControls(text: string): boolean {
  return !CONTROL.test(text);
}

function hasNoEmail(text: string): boolean {
  return !EMAIL.test(asRead(text));
}

function hasNoPhone(text: string): boolean {
  const read = asRead(text);
  return !PHONE_WITH_PLUS.test(read) && !PHONE_WITH_ZEROS.test(read);
}

/** As a person reads it: full-width signs and Arabic digits as the plain ones, without what is invisible. */
function asRead(text: string): string {
  const plain = text.normalize('NFKC').replace(/\p{Cf}/gu, '');
  return plain.replace(/[\u0660-\u0669\u06f0-\u06f9]/g, (digit) => String(digit.charCodeAt(0) & 15));
}

/** BCP 47 tag: `en`, `fr`, `zh-Hans`. */
export const LanguageTag = z.string().regex(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/, 'must be a BCP 47 language tag such as en');

/** Free text with the language it is written in. */
export const Text = z.strictObject({ text: plainText(10_000), language: LanguageTag });
export type Text = z.infer<typeof Text>;
/** A title or heading. */
export const Title = z.strictObject({ text: oneLine(300), language: LanguageTag });
/** Titles of reference data by language; English is always there. */
export const Titles = z
  .object({ en: oneLine(300) })
  .catchall(oneLine(300))
  .superRefine((titles, context) => {
    for (const language of Object.keys(titles)) {
      const tag = LanguageTag.safeParse(language);
      if (!tag.success) context.addIssue({ code: 'custom', path: [language], message: tag.error.issues[0]!.message });
    }
  });
export type Titles = z.infer<typeof Titles>;

export function sameTitles(a: Titles, b: Titles): boolean {
  const languages = Object.keys(a);
  return languages.length === Object.keys(b).length && languages.every((language) => a[language] === b[language]);
}

const DECIMAL = /^-?\d{1,18}(\.\d{1,9})?$/;
/** A decimal number as text, never a float: up to 18 digits before and 9 after the point. */
export const Decimal = z.string().regex(DECIMAL, 'must be a decimal number as text, such as "75.6"');

/** A reported quantity. A range may carry a qualifier too ("about 14 to 15"). */
export const Value = z
  .strictObject({
    low: Decimal,
    high: Decimal.optional(),
    qualifier: z.enum(['about', 'nearly', 'more than', 'up to']).optional(),
    provisional: z.boolean().default(false),
  })
  .refine(({ low, high }) => high === undefined || !isDecimal(low) || !isDecimal(high) || compareDecimals(low, high) <= 0, {
    path: ['high'],
    error: 'must not be below low',
  });
export type Value = z.infer<typeof Value>;

/** Asked again beside the bounds: what rules both is checked even where one of them is wrong by itself. */
function isDecimal(text: string): boolean {
  return DECIMAL.test(text);
}

/** Money in full units of an ISO 4217 currency. */
export const Money = z.strictObject({
  amount: z.string().regex(/^\d{1,18}(\.\d{1,2})?$/, 'must be an amount as text, such as "100000000"'),
  currency: z.string().regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code such as USD'),
});
export type Money = z.infer<typeof Money>;

/** Where a transcribed record was read. */
export const TranscribedFrom = z.strictObject({ document: plainText(300), place: plainText(300) });
export type TranscribedFrom = z.infer<typeof TranscribedFrom>;
