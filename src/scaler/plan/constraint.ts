/** `unknown`: it asks for what cannot be judged here. */
export type Verdict = 'yes' | 'no' | 'unknown';

/**
 * Whether an instance with these attributes satisfies an expression of the cluster query language, as far as it is about
 * attributes. @param mayHaveMore whether it can have attributes that are not among these (ECS developer guide, "Create expressions to define container instances for Amazon ECS tasks")
 */
export function satisfies(
  expression: string,
  attributes: Readonly<Record<string, string>>,
  mayHaveMore = false,
): Verdict {
  const tokens = tokensOf(expression);
  if (!tokens) return 'unknown';
  const reader = { tokens, at: 0 };
  const verdict = readOr(reader, mayHaveMore ? { ...attributes, [OPEN]: '' } : attributes);
  return reader.at === tokens.length ? (verdict ?? 'unknown') : 'unknown';
}

/** Marks attributes that are not all there are. No attribute has such a name. */
const OPEN = ' ';

type Reader = { readonly tokens: readonly string[]; at: number };
type Attributes = Readonly<Record<string, string>>;

const TOKEN = /\s*(&&|\|\||==|!=|=~|!~|!in\b|!exists\b|[()[\],!]|"[^"]*"|'[^']*'|[^\s()[\],!=&|"']+)/y;

function tokensOf(text: string): readonly string[] | undefined {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  const end = text.trimEnd().length;
  while (TOKEN.lastIndex < end) {
    const [, token] = TOKEN.exec(text) ?? [];
    if (token === undefined) return undefined;
    tokens.push(token);
  }
  return tokens;
}

function readOr(reader: Reader, attributes: Attributes): Verdict | undefined {
  let verdict = readAnd(reader, attributes);
  while (verdict && isNext(reader, '||', 'or')) verdict = either(verdict, readAnd(reader, attributes));
  return verdict;
}

function readAnd(reader: Reader, attributes: Attributes): Verdict | undefined {
  let verdict = readNot(reader, attributes);
  while (verdict && isNext(reader, '&&', 'and')) verdict = both(verdict, readNot(reader, attributes));
  return verdict;
}

function readNot(reader: Reader, attributes: Attributes): Verdict | undefined {
  if (isNext(reader, '!', 'not')) return not(readNot(reader, attributes));
  if (isNext(reader, '(')) {
    const verdict = readOr(reader, attributes);
    return isNext(reader, ')') ? verdict : undefined;
  }
  return readComparison(reader, attributes);
}

function readComparison(reader: Reader, attributes: Attributes): Verdict | undefined {
  const subject = reader.tokens[reader.at++];
  const operator = reader.tokens[reader.at++];
  if (subject === undefined || operator === undefined) return undefined;
  const [, name] = /^attribute:(.+)$/.exec(subject) ?? [];
  const absent = OPEN in attributes ? undefined : null;
  const has = name === undefined ? undefined : (attributes[name] ?? absent);
  const judge = (holds: (value: string | null) => boolean): Verdict =>
    has === undefined ? 'unknown' : holds(has) ? 'yes' : 'no';
  switch (operator) {
    case 'exists':
      return judge((value) => value !== null);
    case '!exists':
    case 'not_exists':
      return judge((value) => value === null);
    case 'in':
    case '!in':
    case 'not_in': {
      const list = readList(reader);
      const wanted = operator === 'in';
      return list && judge((value) => value !== null && list.includes(value) === wanted);
    }
    case '==':
    case 'equals':
    case '!=':
    case 'not_equals': {
      const given = readValue(reader);
      const wanted = operator === '==' || operator === 'equals';
      return given === undefined ? undefined : judge((value) => (value === given) === wanted);
    }
    case '=~':
    case 'matches':
    case '!~':
    case 'not_matches': {
      const pattern = compiled(readValue(reader));
      const wanted = operator === '=~' || operator === 'matches';
      return pattern && judge((value) => pattern.test(value ?? '') === wanted);
    }
    default:
      return undefined;
  }
}

function readList(reader: Reader): readonly string[] | undefined {
  if (!isNext(reader, '[')) return undefined;
  const list: string[] = [];
  do {
    const value = readValue(reader);
    if (value === undefined) return undefined;
    list.push(value);
  } while (isNext(reader, ','));
  return isNext(reader, ']') ? list : undefined;
}

function readValue(reader: Reader): string | undefined {
  const token = reader.tokens[reader.at++];
  return token?.replace(/^(["'])(.*)\1$/, '$2');
}

/**
 * A pattern of Java's syntax that this one does not know cannot be judged. Nor is one that has groups, or more than three
 * quantifiers: it comes from outside, and could take without end.
 */
function compiled(pattern: string | undefined): RegExp | undefined {
  if (pattern === undefined || pattern.includes('(') || (pattern.match(/[*+?{]/g)?.length ?? 0) > 3)
    return undefined;
  try {
    return new RegExp(`^(?:${pattern})$`);
  } catch {
    return undefined;
  }
}

function isNext(reader: Reader, ...tokens: string[]): boolean {
  const isThere = tokens.includes(reader.tokens[reader.at] ?? '');
  if (isThere) reader.at++;
  return isThere;
}

function not(verdict: Verdict | undefined): Verdict | undefined {
  return verdict === 'yes' ? 'no' : verdict === 'no' ? 'yes' : verdict;
}

function both(one: Verdict, other: Verdict | undefined): Verdict | undefined {
  if (other === undefined) return undefined;
  if (one === 'no' || other === 'no') return 'no';
  return one === 'yes' && other === 'yes' ? 'yes' : 'unknown';
}

function either(one: Verdict, other: Verdict | undefined): Verdict | undefined {
  return not(both(not(one) ?? 'unknown', not(other)));
}
