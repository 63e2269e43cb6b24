import { createBudget } from '../aws/budget.ts';
import { createCaller } from '../aws/call.ts';
import { createImds, imdsEndpoint } from '../aws/imds.ts';
import { awsServices } from '../aws/operations.ts';
import { createTransport } from '../aws/sdk/transport.ts';
import { parseEcsArn } from '../base/arn.ts';
import { systemClock } from '../base/clock.ts';
import { type Environment, regionIn } from '../base/environment.ts';
import { escaped } from '../base/text.ts';
import { version } from '../base/version.ts';
import { columnsOf } from '../base/wrap.ts';
import type { Configured } from '../config/load.ts';
import type { Network } from '../config/network.ts';
import type { Config } from '../config/options.ts';
import { wrongPlace } from '../config/wrong-place.ts';
import { createEcsAgent } from '../host/ecs-agent.ts';
import { configuredCluster } from '../host/ecs-config.ts';
import { createNodeHttp } from '../host/node-http.ts';
import { checkAgent } from './doctor/agent.ts';
import { type Check, type Checks, fail, ok, skip, warn } from './doctor/check.ts';
import { checkCluster, checkEcsAgent, findRegistration } from './doctor/cluster.ts';
import { type CredentialSource, credentialSource } from './doctor/credentials.ts';
import { checkGroup, checkMembership } from './doctor/group.ts';
import { checkHooks } from './doctor/hooks.ts';
import {
  checkClock,
  checkJournal,
  checkStateDir,
  checkUnit,
  systemctlShow,
  timeOfMetadata,
} from './doctor/host.ts';
import {
  checkLifecycleState,
  checkMetadata,
  checkScheduledEvents,
  checkTags,
  isSpot,
} from './doctor/metadata.ts';
import { createPermissions, type Permissions } from './doctor/permissions.ts';
import { checkLine, verdict } from './doctor/print.ts';
import { type Found, findAgent } from './find-agent.ts';
import { JSON_VERSION } from './json-version.ts';
import { passToSdk } from './sdk-environment.ts';
import { isBlocked } from './status.ts';
import { STATUS_EXIT_CODES } from './status-exit-codes.ts';

/**
 * `ecs-drain-agent doctor`: checks that the agent can work on this host, and changes nothing. Resolves with the
 * exit code: 1 where something must be fixed, and 13 where a drain waits for that.
 */
export async function doctor(configured: Configured, network: Network, asJson: boolean): Promise<number> {
  const { config, environment } = configured;
  passToSdk(environment);
  const agent = findAgent(config.stateDir, environment);
  const checks: Check[] = [];
  for await (const check of examine(configured, network, agent)) {
    checks.push(check);
    if (!asJson)
      process.stdout.write(checkLine(check, process.stdout.isTTY === true, columnsOf(process.stdout)));
  }
  const isWell = checks.every(({ status }) => status !== 'FAIL');
  const blocked = agent.kind === 'running' && agent.status.state === 'draining' && isBlocked(agent.status);
  const facts = { schemaVersion: JSON_VERSION, version, ok: isWell, blocked, checks };
  process.stdout.write(asJson ? `${escaped(JSON.stringify(facts))}\n` : verdict(checks, blocked));
  return blocked ? STATUS_EXIT_CODES.blocked : isWell ? 0 : 1;
}

async function* examine(
  { config, environment, warnings, file }: Configured,
  network: Network,
  agent: Found,
): Checks {
  const http = createNodeHttp(systemClock);
  const endpoint = imdsEndpoint(environment);
  const imds = createImds(http, endpoint);

  for (const reason of wrongPlace(environment)) yield fail('where it runs', reason, 'see docs/container.md');
  yield* checkConfiguration(config, warnings);
  yield* checkNetwork(environment, network);
  const regionGiven = regionIn(environment);
  const identity = yield* checkMetadata(imds, endpoint, regionGiven);
  yield* checkClock(systemClock, () => timeOfMetadata(endpoint));
  yield* checkStateDir(config.stateDir, identity?.instanceId);
  yield* checkHooks(config);
  const isSeen = agent.kind !== 'unreadable';
  yield* checkUnit(systemctlShow, agent.kind === 'running' ? 'runs' : isSeen ? 'off' : 'unknown');
  yield* checkJournal();
  yield* checkAgent(agent, file);
  const registration = yield* checkEcsAgent(createEcsAgent(http, config.introspectionUrl));
  if (!identity) {
    yield skip('AWS', 'not asked: without instance metadata the instance is unknown');
    return;
  }

  yield* checkScheduledEvents(config, imds);
  const credentials = await credentialSource(imds, environment);
  const permissions = askAws(identity.region, network, credentials);
  const membership = yield* checkMembership(identity, credentials, permissions);
  if (membership === 'no-credentials') return;
  yield* checkTags(config, identity, imds, permissions);
  // Where the agent looks, when the ECS agent is silent.
  const cluster = config.cluster ?? configuredCluster();
  const found = registration ?? (yield* findRegistration(cluster, identity, permissions));
  if (found) yield* checkCluster(config, identity, found, { permissions, spot: await isSpot(imds) });
  if (membership?.kind === 'in-group') {
    yield* checkLifecycleState(config, imds, membership.group);
    const arnPrefix = autoScalingArnPrefix(identity.region, found?.containerInstanceArn);
    yield* checkGroup(config, identity, membership.group, { permissions, arnPrefix });
  }
}

async function* checkConfiguration(config: Config, warnings: readonly string[]): Checks {
  const { mode, signals, dryRun } = config;
  const name = 'configuration';
  yield ok(name, `mode ${mode}; signals ${signals.join(', ')}, and by hand${dryRun ? '; dry run' : ''}`);
  for (const warning of warnings) yield warn(name, warning, 'correct or remove it');
  if (dryRun) {
    yield warn(name, 'a dry run drains nothing: instances go with their tasks', 'remove --dry-run');
  }
}

/** What stands between this host and the AWS APIs, where anything does. */
async function* checkNetwork({ AWS_CA_BUNDLE: bundle }: Environment, network: Network): Checks {
  if (network.proxies) yield ok('proxy', `the AWS APIs are asked by proxy: ${network.proxies}`);
  if (network.ca !== undefined)
    yield ok('certificates', `AWS_CA_BUNDLE: ${bundle}, in place of the public ones`);
}

function askAws(region: string, network: Network, credentials: CredentialSource): Permissions {
  const call = createCaller({
    transport: createTransport(awsServices, region, `ecs-drain-agent-doctor/${version}`, {
      clock: systemClock,
      random: Math.random,
      network,
    }),
    clock: systemClock,
    random: Math.random,
    budget: createBudget(systemClock),
    stop: new AbortController().signal,
  });
  return createPermissions(call, region, credentials);
}

/** The start of the ARN of whatever Auto Scaling has in our account; the account is in the container instance's. */
function autoScalingArnPrefix(region: string, containerInstanceArn: string | undefined): string {
  const { partition, account } = parseEcsArn(containerInstanceArn ?? '') ?? {
    partition: 'aws',
    account: '*',
  };
  return `arn:${partition}:autoscaling:${region}:${account}`;
}
