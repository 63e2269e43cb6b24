import fc from 'fast-check';

/** What servers and people really send when they do not send what was asked for. */
const oddities = [
  '',
  ' ',
  '\n',
  'null',
  'true',
  '0',
  '""',
  '[]',
  '{}',
  '[null]',
  '{"Tasks":[null]}',
  '{"__proto__":{"Cluster":"x"}}',
  '<html><body>502 Bad Gateway</body></html>',
  '\u0000\u0001{]not an answer\u001b[31m',
  '\u009b31m\u2028\u2029',
  '404 - Not Found',
  'Terminat',
  `{"a":${'['.repeat(2_000)}${']'.repeat(2_000)}}`,
];

/** Text of any content. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...oddities),
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.json(),
);

/** Any JSON, and most often an object with these members, each of the right or of any other kind. */
export function nearly(members: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<unknown> {
  const loose = Object.fromEntries(
    Object.entries(members).map(([name, right]) => [
      name,
      fc.oneof({ weight: 4, arbitrary: right }, fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<unknown>),
    ]),
  );
  return fc.oneof(
    { weight: 9, arbitrary: fc.record(loose, { requiredKeys: [] }) },
    fc.jsonValue() as fc.Arbitrary<unknown>,
  );
}

/** The same text cut off anywhere, or with one piece of it replaced. */
export function damaged(text: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.oneof(
    fc.tuple(text, fc.nat(400)).map(([whole, at]) => whole.slice(0, at)),
    fc
      .tuple(text, fc.nat(400), fc.nat(5), fc.string({ unit: 'binary', maxLength: 5 }))
      .map(([whole, at, length, other]) => whole.slice(0, at) + other + whole.slice(at + length)),
  );
}
