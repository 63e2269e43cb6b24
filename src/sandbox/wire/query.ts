import { isoTime, timeOfDate } from '../../base/clock.ts';
import { validationError } from '../world/errors.ts';
import { element, escapeXml } from './xml.ts';

/** A decoded query: `A.B.1.C=x` becomes `{A: {B: [{C: 'x'}]}}`. */
export type QueryValue = string | number | boolean | QueryValue[] | { [name: string]: QueryValue };

/** The members of a query, as the SDK's input types name them, from the flat form of the Query protocols. */
export function decodeQuery(params: URLSearchParams): { [name: string]: QueryValue } {
  const root: Node = new Map();
  for (const [key, value] of params) {
    if (key === 'Action' || key === 'Version') continue;
    const path = key.split('.');
    if (path.length > 12) throw validationError(`The parameter ${key.slice(0, 100)} is nested too deeply.`);
    put(root, path, value);
  }
  const input: { [name: string]: QueryValue } = {};
  for (const [name, node] of root) input[name] = valueOfNode(name, node);
  return input;
}

/** The answer's members in XML. `nameOf` gives each its element's name, `item` is what a list's members are called. */
export function encodeMembers(
  output: object,
  nameOf: (parent: string, member: string) => string,
  item: 'member' | 'item',
  parent = '',
): string {
  let xml = '';
  for (const [name, value] of Object.entries(output)) {
    if (value === undefined || value === null) continue;
    xml += element(nameOf(parent, name), encodeValue(value, nameOf, item, name));
  }
  return xml;
}

type Node = Map<string, Node | string>;

function put(node: Node, path: string[], value: string): void {
  const [first = '', ...rest] = path;
  if (rest.length === 0) {
    node.set(first, value);
    return;
  }
  const existing = node.get(first);
  const child: Node = existing instanceof Map ? existing : new Map();
  node.set(first, child);
  put(child, rest, value);
}

function valueOfNode(name: string, node: Node | string): QueryValue {
  if (typeof node === 'string') return scalar(name, node);
  const members = node.get('member');
  if (node.size === 1 && members instanceof Map) return valueOfNode(name, members);
  const keys = [...node.keys()];
  if (keys.every((key) => /^\d+$/.test(key))) {
    const ordered = [...node].sort(([a], [b]) => Number(a) - Number(b));
    return ordered.map(([, child]) => valueOfNode(name, child));
  }
  const value: { [name: string]: QueryValue } = {};
  for (const [key, child] of node) value[key] = valueOfNode(key, child);
  return value;
}

function scalar(name: string, text: string): QueryValue {
  if (lists.has(name) && text === '') return [];
  if (integers.has(name)) {
    if (!/^-?\d{1,15}$/.test(text)) throw validationError(`${name} must be an integer: it was "${text}".`);
    return Number(text);
  }
  if (booleans.has(name)) {
    if (text !== 'true' && text !== 'false')
      throw validationError(`${name} must be true or false: it was "${text}".`);
    return text === 'true';
  }
  return text;
}

/** Members whose empty list comes as an empty text. */
const lists = new Set([
  'ActivityIds',
  'AutoScalingGroupNames',
  'InstanceIds',
  'LifecycleHookNames',
  'LifecycleHookSpecificationList',
]);

const integers = new Set([
  'DefaultCooldown',
  'DesiredCapacity',
  'HealthCheckGracePeriod',
  'HeartbeatTimeout',
  'MaxRecords',
  'MaxResults',
  'MaxSize',
  'MinSize',
  'OnDemandBaseCapacity',
  'OnDemandPercentageAboveBaseCapacity',
  'RequestedCapacity',
]);

const booleans = new Set([
  'DryRun',
  'Force',
  'HonorCooldown',
  'NewInstancesProtectedFromScaleIn',
  'ShouldDecrementDesiredCapacity',
  'SkipOsShutdown',
]);

function encodeValue(
  value: unknown,
  nameOf: (parent: string, member: string) => string,
  item: 'member' | 'item',
  name: string,
): string {
  if (Array.isArray(value))
    return value.map((one) => element(item, encodeValue(one, nameOf, item, name))).join('');
  const time = timeOfDate(value);
  if (time !== undefined) return isoTime(time);
  if (typeof value === 'object' && value !== null) return encodeMembers(value, nameOf, item, name);
  return escapeXml(String(value));
}
