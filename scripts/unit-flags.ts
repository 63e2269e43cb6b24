import { readFileSync } from 'node:fs';

const unit = new URL('../systemd/ecs-drain-agent.service', import.meta.url);

/** Node's flags in the unit: what is measured elsewhere is run with them too. */
export const UNIT_FLAGS: readonly string[] = flagsOf(readFileSync(unit, 'utf8'));

function flagsOf(text: string): string[] {
  const flags = /^ExecStart=.*?\/bin\/node ((?:--\S+ )*)/m.exec(text)?.[1]?.trim();
  if (!flags) throw new Error(`${unit.pathname} starts no Node process with flags`);
  return flags.split(' ');
}
