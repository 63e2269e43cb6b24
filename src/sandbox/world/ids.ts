import type { WorldState } from './state.ts';

/** The next id of 17 hexadecimal digits, as EC2 makes them: the same in every run, and unlike its neighbours. */
export function nextHex(world: WorldState, digits: 8 | 17 | 32): string {
  const serial = ++world.serial;
  const scattered = scatter(serial).toString(16).padStart(8, '0');
  if (digits === 8) return scattered;
  const rest = scatter(serial ^ 0x5bd1e995)
    .toString(16)
    .padStart(8, '0');
  if (digits === 17) return `0${scattered}${rest}`;
  return `${scattered}${rest}${scattered}${serial.toString(16).padStart(8, '0')}`;
}

/** A UUID-like id, as lifecycle action tokens are. */
export function nextUuid(world: WorldState): string {
  const hex = nextHex(world, 32);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}

/** The last part of an ARN, or the id itself where it is no ARN. */
export function idOf(arnOrId: string): string {
  return arnOrId.startsWith('arn:') ? arnOrId.slice(arnOrId.lastIndexOf('/') + 1) : arnOrId;
}

/** Sends neighbouring integers far apart, without two of them meeting: every step can be undone. */
function scatter(value: number): number {
  let bits = Math.imul(value ^ (value >>> 16), 0x7feb352d);
  bits = Math.imul(bits ^ (bits >>> 15), 0x846ca68b);
  return (bits ^ (bits >>> 16)) >>> 0;
}
