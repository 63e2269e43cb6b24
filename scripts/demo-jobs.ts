import { join } from 'node:path';
import { systemClock } from '../src/base/clock.ts';
import { attachTagger, startSandbox } from '../src/sandbox/index.ts';
import { type AgentProcess, startAgentProcess } from '../test/e2e/agent-process.ts';
import { startOneshot } from '../test/e2e/oneshot/oneshot-process.ts';
import { startScaler } from '../test/e2e/scaler/scaler-process.ts';
import { TAG_KEY } from './demo/cluster.ts';
import { createJobsCluster, type Job, type JobsCluster, jobs } from './demo/jobs-cluster.ts';
import { jobsPanel, jobsTable } from './demo/jobs-table.ts';
import { createScreen, type Screen } from './demo/screen.ts';
import { createWorkplace } from './demo/workplace.ts';

// `npm run demo:jobs`: jobs in an empty group. Launchers say what they need and give exit codes back, the scaler makes room and
// takes it away again, and agents let the instances go.

/** Longer than all of it takes on a slow machine, in ms. */
const LIMIT_MS = 120_000;
/** Between two jobs of the scheduler, in ms. */
const SCHEDULE_MS = 600;

const { directory: stateDir, killAtEnd } = createWorkplace('ecs-oneshot-demo');

process.exit(await main());

async function main(): Promise<number> {
  const demo = createJobsCluster(systemClock);
  const { fleet } = demo;
  const beganAt = systemClock.now();
  const screen = createScreen(process.stdout, () => jobsPanel(demo));
  screen.title('An empty group, six jobs, and an empty group again.');
  screen.note(
    'The cluster is simulated on this machine. Each job is a real ecs-oneshot process, a real ecs-scaler',
  );
  screen.note('sizes the group, and each instance has a real agent. An instance holds three jobs. Times are');
  screen.note('shorter than usual: an instance goes when it has been empty for 4 s, and not for 10 min.');
  screen.note('');
  const sandbox = await startSandbox(fleet, { clock: systemClock });
  attachTagger(fleet, { tagKey: TAG_KEY });
  const seconds = () => (systemClock.now() - beganAt) / 1000;
  const agents = new Map<string, AgentProcess>();
  fleet.world.onEvent((event) => {
    const line = demo.lineOf(event);
    if (line) screen.event(seconds(), line);
    if (event.type !== 'machine-launched') return;
    void sandbox.settled().then(() => {
      const dir = join(stateDir, event.instanceId);
      const agent = startAgentProcess(
        ['run', '--state-dir', dir, '--poll-interval', '1s'],
        sandbox.environment(event.instanceId),
      );
      killAtEnd({ kill: () => agent.signal('SIGKILL') });
      agents.set(event.instanceId, agent);
    });
  });

  const scaler = startScaler(
    [
      'run',
      ...['--cluster', fleet.cluster.name, '--group', fleet.group.name],
      ...['--demand-queue', demo.queueUrl(sandbox.apiUrl)],
      ...['--interval', '1s', '--empty-for', '4s', '--settle-for', '2s'],
    ],
    sandbox,
  );
  killAtEnd({ kill: () => scaler.signal('SIGKILL') });
  scaler.onOutput((line) => {
    const text = `ecs-scaler: ${demo.withNames(line)}`;
    demo.scaled(line);
    screen.event(seconds(), { who: '', text, style: 'cyan' });
  });

  const limit = systemClock.sleep(LIMIT_MS).then(() => 'too late' as const);
  const all = (async () => {
    const ended: Promise<void>[] = [];
    for (const job of jobs) {
      ended.push(runJob(job, demo, sandbox, screen, seconds));
      await systemClock.sleep(SCHEDULE_MS);
    }
    await Promise.all(ended);
    await demo.allGone();
  })();
  const outcome = await Promise.race([all, limit]);
  screen.close();
  const problems = outcome === 'too late' ? [`it had not ended after ${LIMIT_MS / 1000} s`] : demo.problems();
  for (const line of jobsTable(demo, seconds())) screen.plain(line);
  for (const problem of problems) screen.plain(`  NOT KEPT: ${problem}`);
  for (const agent of agents.values()) agent.signal('SIGTERM');
  scaler.signal('SIGTERM');
  await Promise.all([scaler.ended, ...[...agents.values()].map(({ exited }) => exited)]);
  await sandbox.close();
  return problems.length === 0 ? 0 : 1;
}

/** Runs a job as a scheduler does; one of them dies with its launcher, and is called again with the same key. */
async function runJob(
  job: Job,
  demo: JobsCluster,
  sandbox: Parameters<typeof startOneshot>[1],
  screen: Screen,
  seconds: () => number,
): Promise<void> {
  const args = [
    'run',
    '--cluster',
    demo.fleet.cluster.name,
    '--task-definition',
    'job',
    '--group',
    demo.fleet.group.name,
    '--demand-queue',
    demo.queueUrl(sandbox.apiUrl),
  ];
  const launch = () => {
    const launcher = startOneshot([...args, '--key', job.name, '--', 'sh', '-c', job.script], sandbox);
    killAtEnd({ kill: () => launcher.signal('SIGKILL') });
    launcher.onLine((line) => {
      const text = line.replace(/^ecs-oneshot: /, '');
      const waited = demo.states.get(job.name)?.text.startsWith('waiting for room') === true;
      demo.says(job, text);
      // That it still waits is in the panel.
      if (/^exit code/.test(text) || (!waited && /^waiting for room/.test(text)))
        screen.event(seconds(), { who: '', text: `${job.name}: ${text.replace(/ \(task arn.*\)$/, '')}` });
    });
    launcher.onOutput((line) =>
      screen.event(seconds(), { who: '', text: `${job.name}: ${line}`, style: 'dim' }),
    );
    return launcher;
  };
  let launcher = launch();
  if (job.launcherDies) {
    await demo.running(job);
    launcher.signal('SIGKILL');
    await launcher.ended;
    screen.event(seconds(), {
      who: '',
      text: `${job.name}: its launcher is killed, and called again with the same key`,
      style: 'yellow',
    });
    launcher = launch();
  }
  const { code } = await launcher.ended;
  demo.ended(job, code);
}
