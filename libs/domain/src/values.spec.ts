import type { z } from 'zod';
import { Beneficiaries, CommitmentContent, Evidence, Observation, ProgressContent, TargetContent } from './commitment/content.ts';
import { content, progress } from '#testing/scenes.ts';
import { ActionLineCode, AgencyCode, Decimal, IndicatorCode, LanguageTag, Money, PlainDate, Sdg, Text, Title, Titles, Value, WebAddress } from './values.ts';

/** Where and why a value is refused; empty when it is taken. */
function wrong(schema: z.ZodType, value: unknown): string[] {
  return schema.safeParse(value).error?.issues.map((issue) => [issue.path.join('/'), issue.message].filter(Boolean).join(': ')) ?? [];
}
const inText = (text: string) => wrong(Text, { text, language: 'en' });
const taken: string[] = [];

describe('text', () => {
  test.each([
    'Réunion à Genève',
    'Tab\tand\nnewline',
    '数字鸿沟 🌍',
    'up to 10 @ US$ 5 each',
    'growth of +12 % (2019: +7), in 2020/2021',
    'call it C7-eGov; see http://example.org/a?b=c#d',
    '100 000 000 people, 1 000 000 000 by 2030; US$ 100 000 000.00 in 2021-2022',
    'from 2000 2001-2002 2003-2004 on, on 28.03.2022-01.04.2022',
    'at 14:00 28.03.2022-01.04.2022, à 14h00 (28.03.2022-01.04.2022), US$ 5.00 (2020/2021/2022)',
    'ISBN 978-92-1-123456-7, ISBN 0-07-149870-1, ISBN 0071498701, A/RES/70/125',
    'record 00012345678901, 0.00123456789, page 007',
    '2020 + 2021-2022, ＋１２ ％',
  ])('%j is taken as it is', (text) => {
    expect(Text.parse({ text, language: 'en' })).toEqual({ text, language: 'en' });
  });

  test.each(['write to jane.doe@example.org', 'a@b.co', '<x@y.museum>', 'Jane.Doe+cstd@mail.example.int please', 'ж@пример.рф', 'a＠b.org', 'a﹫b．org', 'a\u200b@\u200bb\u200b.\u200borg'])('an e-mail address is refused: %s', (text) => {
    expect(inText(text)).toEqual(['text: must not contain an e-mail address']);
  });

  test.each(['+41 22 730 5111', 'tel. +1 (212) 963-1234', '+41227305111', 'fax +254-20-762-1234.',
    '+(41) 22 123 45 67', '+ (41) 22 123 45 67', '0041 22 123 45 67', 'Tel.0041221234567', '(0041) 22 123 45 67', '00 41 (0)22 123 45 67', '电话0041 22 123 45 67',
    '＋41 22 123 45 67', '＋４１　２２　１２３　４５　６７', '+41–22–123–45–67', '+\u200e41\u00ad22\u200b1234567', '+٤١٢٢١٢٣٤٥٦٧', '٠٠٤١ ٢٢ ١٢٣ ٤٥ ٦٧'])('an international phone number is refused: %s', (text) => {
    expect(inText(text)).toEqual(['text: must not contain a phone number']);
  });

  test.each(['\u0000', '\u0007', '\r\n', '\u000b', '\u001b[0m', '\u007f', '\u0085'])('control characters other than newline and tab are refused: %j', (text) => {
    expect(inText(`a${text}b`)).toEqual(['text: must not contain control characters other than newline and tab']);
  });

  test.each(['\ud83c', 'a\udf0db', '\udf0d\ud83c'])('lone surrogates are refused: %j', (text) => {
    expect(inText(text)).toEqual(['text: must not contain lone surrogates']);
  });

  test('it is neither empty nor blank nor without end', () => {
    expect(inText('')).toHaveLength(1);
    expect(inText(' \n\t')).toEqual(['text: must not be blank']);
    expect(inText('a'.repeat(10_000))).toEqual(taken);
    expect(inText('a'.repeat(10_001))).toHaveLength(1);
  });

  test('all that is wrong with it is told at once', () => {
    expect(inText('\u0000 a@b.co +41 22 730 5111 \ud83c')).toHaveLength(4);
  });

  test('it has a language, and no unknown fields', () => {
    expect(wrong(Text, { text: 'a' })).toHaveLength(1);
    expect(wrong(Text, { text: 'a', language: 'English' })).toEqual(['language: must be a BCP 47 language tag such as en']);
    expect(wrong(Text, { text: 'a', language: 'en', author: 'me' })).toEqual(['Unrecognized key: "author"']);
  });

  test.each(['en', 'zh-Hans', 'pt-BR', 'sr-Latn-RS', 'gsw'])('%s is a language', (tag) => {
    expect(wrong(LanguageTag, tag)).toEqual(taken);
  });
});

describe('titles', () => {
  test('are one line', () => {
    expect(wrong(Titles, { en: 'Media\nand more' })).toEqual(['en: must be one line']);
    expect(wrong(Title, { text: 'Media\tand more', language: 'en' })).toEqual(['text: must be one line']);
    expect(wrong(Text, { text: 'Media\nand\tmore', language: 'en' })).toEqual(taken);
  });

  test('by language, English among them', () => {
    expect(wrong(Titles, { en: 'Media', fr: 'Médias', 'zh-Hans': '媒体' })).toEqual(taken);
    expect(wrong(Titles, { fr: 'Médias' })).toHaveLength(1);
  });

  test('their languages are no place for anything else', () => {
    expect(wrong(Titles, { en: 'Media', 'jane@example.org': 'x' })).toEqual(['jane@example.org: must be a BCP 47 language tag such as en']);
    expect(wrong(Titles, { en: 'Media', '\ud83c': 'x' })).toHaveLength(1);
    expect(wrong(Titles, { en: 'Media', fr: 'a@b.co' })).toEqual(['fr: must not contain an e-mail address']);
  });
});

describe('dates', () => {
  test.each(['2022-03-28', '2020-02-29', '1900-01-01', '2999-12-31'])('%s', (date) => {
    expect(wrong(PlainDate, date)).toEqual(taken);
  });

  test.each(['2021-02-29', '2022-3-28', '28.03.2022', '2022-03-28T00:00:00Z', '', '1899-12-31', '3000-01-01', '9999-12-31', '0000-01-01'])('not %j', (date) => {
    expect(wrong(PlainDate, date)).toHaveLength(1);
  });
});

describe('codes', () => {
  test.each<[string, z.ZodType, unknown[], unknown[]]>([
    ['agency', AgencyCode, ['UNDP', 'UN-Habitat', 'a1'], ['', 'UN DP', '-UNDP', '1UN', 'U'.repeat(31), 'UNDP\n']],
    ['action line', ActionLineCode, ['C1', 'C11', 'C7', 'C7-eGov', 'C7-eHea'], ['C0', 'C12', 'c1', 'C7-gov', 'C7-e', 'C1 ']],
    ['indicator', IndicatorCode, ['17.8.1', '9.c.1', 'UNDP.labs'], ['', '.9', 'a b', 'x'.repeat(61)]],
    ['SDG', Sdg, [1, 17], [0, 18, 1.5, '1']],
  ])('%s', (_, schema, good, bad) => {
    expect(good.filter((value) => wrong(schema, value).length > 0)).toEqual([]);
    expect(bad.filter((value) => wrong(schema, value).length === 0)).toEqual([]);
  });
});

describe('numbers', () => {
  test.each(['0', '-1', '75.6', '999999999999999999.999999999'])('%s is a decimal', (decimal) => {
    expect(wrong(Decimal, decimal)).toEqual(taken);
  });

  test.each([75.6, '', '.5', '5.', '1e3', '1,000', '+5', ' 5', 'NaN', 'Infinity', '0x10', '1000000000000000000', '0.0000000001', '٣'])('%j is none', (decimal) => {
    expect(wrong(Decimal, decimal)).not.toEqual([]);
  });

  test('"nearly 250" and "about 14 to 15" keep their words', () => {
    expect(Value.parse({ low: '250', qualifier: 'nearly' })).toEqual({ low: '250', qualifier: 'nearly', provisional: false });
    expect(Value.parse({ low: '14', high: '15', qualifier: 'about', provisional: true })).toEqual({ low: '14', high: '15', qualifier: 'about', provisional: true });
  });

  test('a qualifier is one of four', () => {
    for (const qualifier of ['about', 'nearly', 'more than', 'up to']) expect(wrong(Value, { low: '1', qualifier })).toEqual(taken);
    expect(wrong(Value, { low: '1', qualifier: 'roughly' })).toHaveLength(1);
  });

  test('a range does not end below its beginning, to the last digit', () => {
    expect(wrong(Value, { low: '9', high: '10' })).toEqual(taken);
    expect(wrong(Value, { low: '5', high: '5.0' })).toEqual(taken);
    expect(wrong(Value, { low: '10', high: '9' })).toEqual(['high: must not be below low']);
    expect(wrong(Value, { low: '100000000000000001', high: '100000000000000000' })).toEqual(['high: must not be below low']);
  });

  test('a bound that is no number is told as such', () => {
    expect(wrong(Value, { low: 'ten', high: '9' })).toEqual(['low: must be a decimal number as text, such as "75.6"']);
    expect(wrong(Value, { high: '9' })).toHaveLength(1);
  });

  test('money is in full units of a currency', () => {
    expect(wrong(Money, { amount: '100000000', currency: 'USD' })).toEqual(taken);
    expect(wrong(Money, { amount: '0.50', currency: 'CHF' })).toEqual(taken);
    for (const amount of ['-1', '1.234', '1e9', '100 million', 5]) expect(wrong(Money, { amount, currency: 'USD' })).toHaveLength(1);
    for (const currency of ['usd', 'US$', 'EURO', '']) expect(wrong(Money, { amount: '1', currency })).toHaveLength(1);
  });
});

describe('web addresses', () => {
  test.each(['https://publicadministration.un.org/egovkb', 'http://example.org/a+20220101+b', 'https://medium.com/@undp.labs/a'])('%s', (url) => {
    expect(wrong(WebAddress, url)).toEqual(taken);
  });

  test.each([
    'javascript:alert(1)', 'ftp://example.org', 'example.org', 'https://example.org/?to=jane@example.org', 'https://jane@example.org/', 'https://example.org/?to=jane＠example.org', 'https://example.org/\ud83c',
    'https://example.org/\u0000', `https://example.org/${'a'.repeat(2000)}`,
  ])('not %j', (url) => {
    expect(wrong(WebAddress, url)).not.toEqual([]);
  });
});

describe('content', () => {
  const nine = { of: 'countries in Latin America', value: { low: '9' } };

  test('nine countries: a count without a list', () => {
    expect(wrong(Beneficiaries, { counts: [nine] })).toEqual(taken);
    expect(wrong(Beneficiaries, { counts: [{ of: 'countries', value: { low: '80', qualifier: 'more than' } }], countries: ['ZM', 'HN'] })).toEqual(taken);
    expect(wrong(Beneficiaries, { countries: ['Zambia'] })).toEqual(['countries/0: must be an ISO 3166 code such as ZM']);
  });

  test('unknown fields are refused by name, at any depth', () => {
    expect(wrong(CommitmentContent, content({ budget: 1 }))).toEqual(['Unrecognized key: "budget"']);
    expect(wrong(CommitmentContent, content({ beneficiaries: { counts: [{ ...nine, unit: 'x' }] } }))).toEqual(['beneficiaries/counts/0: Unrecognized key: "unit"']);
    expect(wrong(ProgressContent, progress({ targetVersions: {} }))).toEqual(['Unrecognized key: "targetVersions"']);
  });

  test('all wrong fields are told at once', () => {
    const { title: _, ...rest } = content({ kind: 'charity', actionLines: [], startOn: 'soon', partOf: 'x', reportingIntervalDays: 0, sdgs: [18] });
    expect(wrong(CommitmentContent, rest)).toHaveLength(7);
  });

  test('a reporting interval is 365 days unless given', () => {
    expect(CommitmentContent.parse(content()).reportingIntervalDays).toBe(365);
    expect(CommitmentContent.parse(content({ reportingIntervalDays: 730 })).reportingIntervalDays).toBe(730);
    expect(wrong(CommitmentContent, content({ reportingIntervalDays: 3651 }))).toHaveLength(1);
  });

  test('evidence has a class; a draft says so', () => {
    const evidence = { title: { text: 'Report', language: 'en' }, class: 'official-paper' };
    expect(Evidence.parse(evidence)).toEqual({ ...evidence, draft: false });
    expect(wrong(Evidence, { ...evidence, class: 'rumour' })).toHaveLength(1);
  });

  test('a target is quantitative or qualitative', () => {
    expect(wrong(TargetContent, { kind: 'vague' })).toHaveLength(1);
  });

  test('an observation names its source', () => {
    const { source: _, ...unsourced } = progress().observations[0]!;
    expect(wrong(Observation, unsourced)).toHaveLength(1);
  });

  test('lists are bounded', () => {
    const observations = Array(201).fill(progress().observations[0]);
    expect(wrong(ProgressContent, progress({ observations }))).toHaveLength(1);
    expect(wrong(ProgressContent, progress({ observations: observations.slice(1) }))).toEqual(taken);
  });
});
