import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { end, scenario } from './scenario.ts';

const unit = readFileSync(new URL('../../systemd/ecs-drain-agent.service', import.meta.url), 'utf8');
const [, flags = ''] = /^ExecStart=.*\/node (.*) \S+\/cli\.js run$/m.exec(unit) ?? [];

scenario(
  'with the flags of its unit no signal opens a debugger, to which everybody on the host could connect',
  {},
  async ({ fleet, agent, polls }) => {
    assert.match(flags, /--jitless/);
    const machine = fleet.addInstance();
    const running = await agent(machine, { nodeArgs: flags.split(' ') });
    await running.says('agent.watching');
    process.kill(running.pid, 'SIGUSR1');
    await polls(machine, 2);
    assert.equal(running.strayOutput(), '', 'Node.js tells of a debugger');
    assert.deepEqual(await end(running), { code: 0, signal: null });
  },
);
