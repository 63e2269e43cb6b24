import { parseTime } from '../../base/clock.ts';
import { attributesOf } from './attributes.ts';
import type { ContainerInstance } from './state.ts';

export type Query = (one: ContainerInstance) => boolean;

/**
 * Reads an expression of the cluster query language: `subject operator [argument]`, joined by `and`, `or`, `not` and
 * parentheses. (ECS developer guide, "Create expressions to define container instances for Amazon ECS tasks")
 *
 * @throws Error what is wrong with it, in words
 */
export function parseQuery(text: string): Query {
  const tokens = tokenize(text);
  let at = 0;
  const next = () => tokens[at];
  const take = (): string => {
    const token = tokens[at++];
    if (token === undefined) throw new Error('it ends too early');
    return token;
  };
  const isNext = (...words: string[]) => words.includes(next()?.toLowerCase() ?? '');

  function readOr(): Query {
    const parts = [readAnd()];
    while (isNext('||', 'or')) {
      take();
      parts.push(readAnd());
    }
    return (one) => parts.some((part) => part(one));
  }

  function readAnd(): Query {
    const parts = [readNot()];
    while (isNext('&&', 'and')) {
      take();
      parts.push(readNot());
    }
    return (one) => parts.every((part) => part(one));
  }

  function readNot(): Query {
    if (isNext('!', 'not')) {
      take();
      const inner = readNot();
      return (one) => !inner(one);
    }
    if (!isNext('(')) return readComparison();
    take();
    const inner = readOr();
    if (take() !== ')') throw new Error('a parenthesis is not closed');
    return inner;
  }

  function readComparison(): Query {
    const subject = take();
    const valuesOf = subjectOf(subject);
    const name = take();
    const operator = operators.find(({ names }) => names.includes(name.toLowerCase()));
    if (!operator) throw new Error(`${name} is no operator`);
    const isMeant = operator.test(readArgument(operator));
    if (operator.asks === 'some') return (one) => valuesOf(one).some(isMeant);
    return (one) => !valuesOf(one).some(isMeant);
  }

  function readArgument({ takes, names }: Operator): readonly string[] {
    if (takes === 'nothing') return [];
    if (takes === 'list') return readList();
    const value = take();
    if ('()[],'.includes(value)) throw new Error(`${names[0]} needs a value`);
    return [unquoted(value)];
  }

  function readList(): readonly string[] {
    if (take() !== '[') throw new Error('a list begins with [');
    const values: string[] = [];
    for (;;) {
      values.push(unquoted(take()));
      const separator = take();
      if (separator === ']') return values;
      if (separator !== ',') throw new Error('the values of a list are separated by commas');
    }
  }

  const query = readOr();
  if (at < tokens.length) throw new Error(`${next()} comes too late`);
  return query;
}

const TOKEN = /'[^']*'|"[^"]*"|&&|\|\||==|!=|=~|!~|>=|<=|!exists\b|!in\b|[()[\],!<>]|[^\s()[\],!<>=&|'"]+/g;

function tokenize(text: string): readonly string[] {
  // A regular expression may hold what is an operator elsewhere.
  const tokens: string[] = [];
  let rest = text;
  while (rest.trim() !== '') {
    rest = rest.trimStart();
    const isPattern = /^(=~|!~|matches|not_matches)$/i.test(tokens.at(-1) ?? '');
    const found = isPattern ? /^\S+?(?=\)*(\s|$))/.exec(rest)?.[0] : first(rest);
    if (!found) throw new Error(`${rest.slice(0, 20)} cannot be read`);
    tokens.push(found);
    rest = rest.slice(found.length);
  }
  return tokens;
}

function first(text: string): string | undefined {
  TOKEN.lastIndex = 0;
  const match = TOKEN.exec(text);
  return match?.index === 0 ? match[0] : undefined;
}

const unquoted = (text: string) => text.replace(/^(['"])(.*)\1$/, '$2');

/** What an instance has of a subject: an instance has many task groups, and lacks most attributes. */
function subjectOf(name: string): (one: ContainerInstance) => readonly string[] {
  const [, attribute] = /^attribute:(.+)$/.exec(name) ?? [];
  if (attribute !== undefined)
    return (one) => {
      const value = attributesOf(one.machine).get(attribute);
      return value === undefined ? [] : [value];
    };
  switch (name) {
    case 'agentConnected':
      return (one) => [String(one.agentConnected)];
    case 'agentVersion':
      return () => [AGENT_VERSION];
    case 'ec2InstanceId':
      return (one) => [one.machine.id];
    case 'registeredAt':
      return (one) => [String(one.registeredAt)];
    case 'runningTasksCount':
      return (one) => [String([...one.tasks].filter(({ lastStatus }) => lastStatus === 'RUNNING').length)];
    case 'task:group':
      return (one) =>
        [...one.tasks].filter(({ lastStatus }) => lastStatus !== 'STOPPED').map(({ group }) => group);
    default:
      throw new Error(`${name} is no subject`);
  }
}

export const AGENT_VERSION = '1.102.0';

type Operator = {
  readonly names: readonly string[];
  readonly takes: 'nothing' | 'list' | 'value';
  /** Tells of one value that an instance has whether it is meant. */
  readonly test: (argument: readonly string[]) => (one: string) => boolean;
  /** Whether one of them must be meant, or none may be. */
  readonly asks: 'some' | 'none';
};

const isAny: Operator['test'] = () => () => true;
const isListed: Operator['test'] = (list) => (one) => list.includes(one);
const compares =
  (holds: (difference: number) => boolean): Operator['test'] =>
  ([value = '']) =>
  (one) =>
    holds(compare(one, value));
/** The whole of it has to match, as in Java. */
const matches: Operator['test'] = ([pattern]) => {
  const regex = new RegExp(`^(?:${pattern})$`);
  return (one) => regex.test(one);
};
const isSame = compares((difference) => difference === 0);

const operators: readonly Operator[] = [
  { names: ['exists'], takes: 'nothing', test: isAny, asks: 'some' },
  { names: ['!exists', 'not_exists'], takes: 'nothing', test: isAny, asks: 'none' },
  { names: ['in'], takes: 'list', test: isListed, asks: 'some' },
  { names: ['!in', 'not_in'], takes: 'list', test: isListed, asks: 'none' },
  { names: ['==', 'equals'], takes: 'value', test: isSame, asks: 'some' },
  { names: ['!=', 'not_equals'], takes: 'value', test: isSame, asks: 'none' },
  { names: ['=~', 'matches'], takes: 'value', test: matches, asks: 'some' },
  { names: ['!~', 'not_matches'], takes: 'value', test: matches, asks: 'none' },
  { names: ['>', 'greater_than'], takes: 'value', test: compares((by) => by > 0), asks: 'some' },
  { names: ['>=', 'greater_than_equal'], takes: 'value', test: compares((by) => by >= 0), asks: 'some' },
  { names: ['<', 'less_than'], takes: 'value', test: compares((by) => by < 0), asks: 'some' },
  { names: ['<=', 'less_than_equal'], takes: 'value', test: compares((by) => by <= 0), asks: 'some' },
];

/** Numbers, versions part by part, and times, as what they are; anything else as text. */
function compare(one: string, value: string): number {
  const time = /^\d{4}-\d\d-\d\d/.test(value) ? parseTime(value) : undefined;
  if (time !== undefined) return Number(one) - time;
  if (!isNumeric(one) || !isNumeric(value)) return one < value ? -1 : Number(one > value);
  const [a, b] = [one, value].map((text) => text.split('.').map(Number)) as [number[], number[]];
  for (let part = 0; part < Math.max(a.length, b.length); part++) {
    const difference = (a[part] ?? 0) - (b[part] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

const isNumeric = (text: string) => /^\d+(\.\d+)*$/.test(text);
