import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EXAMPLE_FILE } from '../../../scripts/docs/configuration.ts';
import type { Environment } from '../../../src/base/environment.ts';
import { loadConfig } from '../../../src/config/load.ts';

const SIGNALS = 'one or more of tag, lifecycle, spot, rebalance, scheduled, separated by commas';
const TAG_KEYS =
  '1 to 128 characters, not beginning with aws:; with instance metadata A-Z a-z 0-9 + - = . , _ : @ only';

const TASKS =
  'one or more of family:NAME, group:NAME, startedBy:TEXT, separated by commas, each name whole; or "none"';

describe('a configuration that is right', () => {
  test('nothing given: the defaults', () => {
    const { config, warnings, environment } = loaded([]);
    assert.deepEqual(warnings, []);
    assert.deepEqual(environment, {});
    assert.deepEqual(
      { ...config },
      {
        signals: ['tag', 'lifecycle', 'spot'],
        tagKey: 'ecs-drain-agent:terminate',
        tagSource: 'auto',
        pollInterval: 3_000,
        mode: 'drain',
        drainTimeout: undefined,
        onTimeout: 'wait',
        ignoreTasks: [],
        lifecycleHook: undefined,
        spotStopTasks: true,
        rebalanceTerminate: false,
        scheduledAhead: 86_400_000,
        cluster: undefined,
        introspectionUrl: 'http://127.0.0.1:51678',
        stateDir: '/var/lib/ecs-drain-agent',
        hooksDir: '/etc/ecs-drain-agent/hooks.d',
        hookTimeout: 60_000,
        hookFailure: 'ignore',
        metricsListen: undefined,
        metricsFile: undefined,
        metricsEmf: undefined,
        dryRun: false,
        logLevel: 'info',
      },
    );
  });

  test('a flag goes before the environment, the environment before the file, the file before the default', () => {
    const file = 'ECS_DRAIN_POLL_INTERVAL=3s\nECS_DRAIN_MODE=deregister\nECS_DRAIN_CLUSTER=from-file\n';
    const environment = { ECS_DRAIN_POLL_INTERVAL: '2s', ECS_DRAIN_CLUSTER: 'from-environment' };
    const { config } = loaded(['--poll-interval', '1s'], environment, file);
    assert.deepEqual(
      [config.pollInterval, config.cluster, config.mode, config.logLevel],
      [1_000, 'from-environment', 'deregister', 'info'],
    );
  });

  test("systemd's state directory counts where nothing else is said", () => {
    const systemd = { STATE_DIRECTORY: '/var/lib/private/agent' };
    assert.equal(loaded([], systemd).config.stateDir, '/var/lib/private/agent');
    assert.equal(loaded([], systemd, 'ECS_DRAIN_STATE_DIR=/srv/agent').config.stateDir, '/srv/agent');
  });

  test('an empty variable counts as none', () => {
    assert.equal(loaded([], { ECS_DRAIN_MODE: '' }, 'ECS_DRAIN_MODE=deregister').config.mode, 'deregister');
    const paths: string[] = [];
    loadConfig(['--config='], { ECS_DRAIN_CONFIG: '' }, (path) => {
      paths.push(path);
      return '';
    });
    assert.deepEqual(paths, ['/etc/ecs-drain-agent/agent.conf']);
  });

  test('what requests to AWS need is the file’s where the environment has nothing, or something empty', () => {
    const file = 'AWS_REGION=eu-west-1\nHTTPS_PROXY=http://file:3128\n';
    const both = { AWS_REGION: 'eu-west-1', HTTPS_PROXY: 'http://file:3128' };
    const added = (environment: Environment, text = file) => {
      const { AWS_REGION, HTTPS_PROXY, https_proxy } = loaded([], environment, text).environment;
      return { AWS_REGION, HTTPS_PROXY, ...(https_proxy !== undefined && { https_proxy }) };
    };
    assert.deepEqual(added({}), both);
    assert.deepEqual(
      added({ AWS_REGION: '', HTTPS_PROXY: '' }),
      both,
      'without the proxy nothing reaches AWS',
    );
    const own = { AWS_REGION: 'us-east-1', HTTPS_PROXY: 'http://environment:1' };
    assert.deepEqual(added(own), own);
    assert.deepEqual(
      added(own, 'https_proxy=http://file:3128'),
      own,
      'in small letters the proxy of the file would be taken before that of the environment',
    );
  });

  test('an option that is set without what it needs is a warning: it would be relied on in vain', () => {
    const warningsOf = (...argv: string[]) => loaded(argv).warnings;
    for (const [argv, needs, ...with_] of [
      [['--tag-key', 'x', '--signals', 'spot'], 'the signal tag (ECS_DRAIN_SIGNALS)', '--signals', 'tag'],
      [
        ['--tag-source', 'ec2', '--signals', 'spot'],
        'the signal tag (ECS_DRAIN_SIGNALS)',
        '--signals',
        'tag',
      ],
      [['--on-timeout', 'stop-tasks'], '--drain-timeout (ECS_DRAIN_TIMEOUT)', '--drain-timeout', '1h'],
      [['--spot-stop-tasks', '--signals', 'tag'], 'the signal spot (ECS_DRAIN_SIGNALS)', '--signals', 'spot'],
      [['--rebalance-terminate'], 'the signal rebalance (ECS_DRAIN_SIGNALS)', '--signals', 'rebalance'],
      [['--scheduled-ahead', '2d'], 'the signal scheduled (ECS_DRAIN_SIGNALS)', '--signals', 'scheduled'],
      [
        ['--metrics-emf', 'log', '--log-level', 'warn'],
        '--log-level info or debug (ECS_DRAIN_LOG_LEVEL) for the value log',
        '--log-level',
        'info',
      ],
    ] as const) {
      assert.deepEqual(warningsOf(...argv), [`${argv[0]} has no effect without ${needs}.`]);
      assert.deepEqual(warningsOf(...argv, ...with_), [], `${argv[0]} with what it needs`);
    }
    assert.deepEqual(
      warningsOf('--signals', 'lifecycle', '--spot-stop-tasks', 'false', '--on-timeout', 'wait'),
      [],
    );
    assert.deepEqual(loaded([], { ECS_DRAIN_ON_TIMEOUT: 'abandon' }).warnings, [
      'ECS_DRAIN_ON_TIMEOUT in the environment has no effect without --drain-timeout (ECS_DRAIN_TIMEOUT).',
    ]);
  });

  test('--dry-run behind an empty shell variable is not swallowed as the value of another option', () => {
    const swallowed = loadConfig(['--cluster', '--dry-run'], {}, () => '');
    assert.equal(swallowed.kind, 'wrong', 'the agent would act where a dry run was asked for');
    assert.equal(loaded(['--cluster=--x', '--dry-run']).config.cluster, '--x', 'behind = any value is one');
  });

  test('a switch needs no value, and takes one', () => {
    assert.equal(loaded(['--dry-run']).config.dryRun, true);
    assert.equal(loaded(['--dry-run=false'], { ECS_DRAIN_DRY_RUN: 'true' }).config.dryRun, false);
    assert.equal(loaded([], { ECS_DRAIN_DRY_RUN: 'true' }).config.dryRun, true);
  });

  test('signals are in one order, and each there once', () => {
    assert.deepEqual(loaded(['--signals', 'spot, tag,spot']).config.signals, ['tag', 'spot']);
  });

  test('tasks that are ignored, by ECS’s own words for them', () => {
    const text = 'family:cadvisor, group:service:site,group:family:logs,startedBy:user-data/boot:1';
    assert.deepEqual(loaded(['--ignore-tasks', text]).config.ignoreTasks, [
      { by: 'family', name: 'cadvisor' },
      { by: 'group', name: 'service:site' },
      { by: 'group', name: 'family:logs' },
      { by: 'startedBy', name: 'user-data/boot:1' },
    ]);
    const file = 'ECS_DRAIN_IGNORE_TASKS=family:cadvisor';
    assert.deepEqual(loaded(['--ignore-tasks', 'none'], {}, file).config.ignoreTasks, []);
  });

  test('none is no drain timeout', () => {
    const file = 'ECS_DRAIN_TIMEOUT=6h';
    assert.equal(loaded([], {}, file).config.drainTimeout, 21_600_000);
    assert.equal(loaded(['--drain-timeout', 'none'], {}, file).config.drainTimeout, undefined);
  });

  test('with --tag-source ec2 the key may hold what instance metadata cannot serve', () => {
    assert.equal(loaded(['--tag-key', 'drain me', '--tag-source', 'ec2']).config.tagKey, 'drain me');
    assert.equal(loaded(['--tag-key', 'drain me', '--signals', 'lifecycle']).config.tagKey, 'drain me');
  });

  test('the file of the documentation', () => {
    const { config, warnings, environment } = loaded([], { AWS_REGION: 'eu-west-1' }, EXAMPLE_FILE);
    assert.deepEqual(warnings, []);
    assert.deepEqual(
      [config.tagSource, config.lifecycleHook, config.drainTimeout, config.onTimeout],
      ['imds', 'drain', 21_600_000, 'stop-tasks'],
    );
    assert.deepEqual(environment, {
      AWS_REGION: 'eu-west-1',
      AWS_ENDPOINT_URL_ECS: 'https://vpce-0123456789abcdef0.ecs.eu-west-1.vpce.amazonaws.com',
    });
  });

  test('a file as other tools write it: a byte order mark, CRLF, export, quotes, spaces, comments', () => {
    const file =
      '# x\r\n\r\nexport ECS_DRAIN_MODE="deregister"\r\n  ECS_DRAIN_CLUSTER=\'web\'  \r\n  # y\r\n';
    const { config } = loaded([], {}, file);
    assert.deepEqual([config.mode, config.cluster], ['deregister', 'web']);
  });

  test('proxies may be in the file as well', () => {
    const { environment, warnings } = loaded([], {}, 'HTTPS_PROXY=http://proxy:3128\nno_proxy=.internal');
    assert.deepEqual(environment, { HTTPS_PROXY: 'http://proxy:3128', no_proxy: '.internal' });
    assert.deepEqual(warnings, []);
  });

  test("what the environment has for the SDK goes before the file's", () => {
    const { environment } = loaded([], { AWS_REGION: 'eu-west-1' }, 'AWS_REGION=eu-central-1\nAWS_PROFILE=x');
    assert.deepEqual(environment, { AWS_REGION: 'eu-west-1', AWS_PROFILE: 'x' });
  });
});

describe('a name that means nothing is a warning', () => {
  for (const [what, environment, file, expected] of [
    [
      'in the environment, with the nearest one that does',
      { ECS_DRAIN_POLL_INTERVALL: '5s' },
      undefined,
      'ECS_DRAIN_POLL_INTERVALL in the environment is not an option and is ignored. Did you mean ECS_DRAIN_POLL_INTERVAL?',
    ],
    [
      'in the environment, with none near',
      { ECS_DRAIN_XYZZY_FROTZ_PLUGH: '1' },
      undefined,
      'ECS_DRAIN_XYZZY_FROTZ_PLUGH in the environment is not an option and is ignored.',
    ],
    [
      'in the file',
      {},
      'ECS_DRAIN_CLUSTR=web',
      'ECS_DRAIN_CLUSTR in /etc/ecs-drain-agent/agent.conf is not an option and is ignored. Did you mean ECS_DRAIN_CLUSTER?',
    ],
    [
      "in the file, of another program's",
      {},
      '\nECS_CLUSTER=web',
      'ECS_CLUSTER in /etc/ecs-drain-agent/agent.conf line 2 is ignored: the agent reads names that begin with ECS_DRAIN_ or AWS_ only, and HTTP_PROXY, HTTPS_PROXY and NO_PROXY.',
    ],
  ] as const) {
    test(what, () => assert.deepEqual(loaded([], environment, file).warnings, [expected]));
  }
});

describe('a configuration that is wrong says what, where, what is allowed', () => {
  for (const [argv, expected] of [
    [
      ['--poll-interval', '5'],
      `--poll-interval: "5" has no unit; write a number with ms, s, m, h or d, for example 5s. Allowed: a time from 1s to 5m.`,
    ],
    [
      ['--poll-interval', 'soon'],
      '--poll-interval: "soon" is not a time; write a number with ms, s, m, h or d, for example 90s or 1h30m. Allowed: a time from 1s to 5m.',
    ],
    [
      ['--poll-interval', '-5s'],
      '--poll-interval: "-5s" is not a time; write a number with ms, s, m, h or d, for example 90s or 1h30m. Allowed: a time from 1s to 5m.',
    ],
    [['--poll-interval=500ms'], '--poll-interval: "500ms" is less than 1 s. Allowed: a time from 1s to 5m.'],
    [['--poll-interval', '6m'], '--poll-interval: "6m" is more than 5 min. Allowed: a time from 1s to 5m.'],
    [['--poll-interval'], '--poll-interval: a value is missing.'],
    [
      ['--cluster', '--drain-timeout', '6h'],
      '--cluster: a value is missing: --drain-timeout behind it is an option. If it is the value, write --cluster=--drain-timeout.',
    ],
    [
      ['--drain-timeout', '0s'],
      '--drain-timeout: "0s" is less than 1 s. Allowed: a time of at least 1s, or "none".',
    ],
    [
      ['--drain-timeout', 'never'],
      '--drain-timeout: "never" is not a time; write a number with ms, s, m, h or d, for example 90s or 1h30m. Allowed: a time of at least 1s, or "none".',
    ],
    [['--hook-timeout', '2h'], '--hook-timeout: "2h" is more than 1 h. Allowed: a time from 1s to 1h.'],
    [
      ['--on-timeout', 'stop'],
      '--on-timeout: "stop" is not one of the allowed values. Allowed: wait, stop-tasks, continue, abandon.',
    ],
    [
      ['--hook-failure', 'retry'],
      '--hook-failure: "retry" is not one of the allowed values. Allowed: ignore, hold.',
    ],
    [
      ['--mode', 'Drain'],
      '--mode: "Drain" is not one of the allowed values (did you mean drain?). Allowed: drain, deregister.',
    ],
    [
      ['--tag-source', 'metadata'],
      '--tag-source: "metadata" is not one of the allowed values. Allowed: auto, imds, ec2.',
    ],
    [
      ['--log-level', 'trace'],
      '--log-level: "trace" is not one of the allowed values. Allowed: debug, info, warn, error.',
    ],
    [
      ['--signals', 'tag,spott'],
      `--signals: "tag,spott" contains "spott" (did you mean spot?). Allowed: ${SIGNALS}.`,
    ],
    [
      ['--signals', 'tag,'],
      `--signals: "tag," has an empty name before or after a comma. Allowed: ${SIGNALS}.`,
    ],
    [
      ['--tag-key', 'a b'],
      '--tag-key: "a b" can never be read from instance metadata, which serves keys of A-Z a-z 0-9 + - = . , _ : @ only. Choose such a key, or set --tag-source ec2.',
    ],
    [
      ['--tag-key', 'team/drain', '--tag-source', 'imds'],
      '--tag-key: "team/drain" can never be read from instance metadata, which serves keys of A-Z a-z 0-9 + - = . , _ : @ only. Choose such a key, or set --tag-source ec2.',
    ],
    [
      ['--tag-key', 'aws:drain'],
      `--tag-key: "aws:drain" begins with aws:, which EC2 keeps for itself. Allowed: ${TAG_KEYS}.`,
    ],
    [['--tag-key', ''], `--tag-key: "" is empty. Allowed: ${TAG_KEYS}.`],
    [
      ['--tag-key', '..'],
      `--tag-key: ".." is a key that instance metadata cannot serve. Allowed: ${TAG_KEYS}.`,
    ],
    [
      ['--tag-key', 'k'.repeat(129)],
      `--tag-key: "${'k'.repeat(129)}" is longer than the 128 characters that EC2 allows. Allowed: ${TAG_KEYS}.`,
    ],
    [
      ['--lifecycle-hook', 'our hook'],
      '--lifecycle-hook: "our hook" is not the name of a lifecycle hook. Allowed: the name of a lifecycle hook: A-Z a-z 0-9 - _ /, at most 255 characters.',
    ],
    [
      ['--lifecycle-hook', 'ecs-managed-draining-termination-hook'],
      '--lifecycle-hook: "ecs-managed-draining-termination-hook" belongs to ECS managed draining, which completes it itself. Allowed: the name of a lifecycle hook: A-Z a-z 0-9 - _ /, at most 255 characters.',
    ],
    [
      ['--cluster', 'web cluster'],
      '--cluster: "web cluster" is not the name of an ECS cluster. Allowed: the name or ARN of a cluster.',
    ],
    [
      ['--cluster', 'arn:aws:ecs:eu-west-1:1:cluster/web'],
      '--cluster: "arn:aws:ecs:eu-west-1:1:cluster/web" is not the name of an ECS cluster. Allowed: the name or ARN of a cluster.',
    ],
    [
      ['--introspection-url', '127.0.0.1:51678'],
      '--introspection-url: "127.0.0.1:51678" is not an http:// URL. Allowed: an http:// URL.',
    ],
    [
      ['--introspection-url', 'https://127.0.0.1'],
      '--introspection-url: "https://127.0.0.1" is not an http:// URL. Allowed: an http:// URL.',
    ],
    [
      ['--state-dir', 'state'],
      '--state-dir: "state" is not an absolute path. Allowed: an absolute path to a directory that the agent can write.',
    ],
    [
      ['--hooks-dir', 'hooks.d'],
      '--hooks-dir: "hooks.d" is not an absolute path. Allowed: an absolute path; it need not exist.',
    ],
    [
      ['--metrics-listen', '9464'],
      '--metrics-listen: "9464" is not an address and a port. Allowed: a loopback address and a port, such as 127.0.0.1:9464 or [::1]:9464, or "off".',
    ],
    [
      ['--metrics-listen', '0.0.0.0:9464'],
      '--metrics-listen: "0.0.0.0:9464" is not a loopback address: metrics are served to this host only. For a Prometheus elsewhere use --metrics-file with node_exporter, or a collector on this host. Allowed: a loopback address and a port, such as 127.0.0.1:9464 or [::1]:9464, or "off".',
    ],
    [
      ['--metrics-file', 'drain.prom'],
      '--metrics-file: "drain.prom" is not an absolute path. Allowed: an absolute path that ends in .prom, or "off".',
    ],
    [
      ['--metrics-file', '/srv/drain.txt'],
      '--metrics-file: "/srv/drain.txt" does not end in .prom, so node_exporter would not read it. Allowed: an absolute path that ends in .prom, or "off".',
    ],
    [
      ['--ignore-tasks', 'cadvisor'],
      `--ignore-tasks: "cadvisor" has "cadvisor", which begins with none of family:, group: and startedBy:. Allowed: ${TASKS}.`,
    ],
    [
      ['--ignore-tasks', 'group:family:*'],
      `--ignore-tasks: "group:family:*" has "group:family:*": there are no wildcards, so that no other task can match. Allowed: ${TASKS}.`,
    ],
    [
      ['--ignore-tasks', 'family:cadvisor:3'],
      `--ignore-tasks: "family:cadvisor:3" has "family:cadvisor:3", which names a revision: leave it out, since the next one would no longer match. Allowed: ${TASKS}.`,
    ],
    [
      ['--ignore-tasks', 'group:family:cadvisor:3'],
      `--ignore-tasks: "group:family:cadvisor:3" has "group:family:cadvisor:3", which names a revision: leave it out, since the next one would no longer match. Allowed: ${TASKS}.`,
    ],
    [
      ['--ignore-tasks', 'family:a b'],
      `--ignore-tasks: "family:a b" has "family:a b", which is not the name of a family. Allowed: ${TASKS}.`,
    ],
    [
      ['--ignore-tasks', 'family:a,'],
      `--ignore-tasks: "family:a," has "", which begins with none of family:, group: and startedBy:. Allowed: ${TASKS}.`,
    ],
    [
      ['--ignore-tasks', 'startedBy:'],
      `--ignore-tasks: "startedBy:" has "startedBy:", which is not the name of a startedBy. Allowed: ${TASKS}.`,
    ],
    [['--dry-run=yes'], '--dry-run: "yes" is neither true nor false. Allowed: true, false.'],
    [
      ['--rebalance-terminate=1'],
      '--rebalance-terminate: "1" is neither true nor false. Allowed: true, false.',
    ],
    [['--spot-stop-tasks=no'], '--spot-stop-tasks: "no" is neither true nor false. Allowed: true, false.'],
    [['--poll-intervall', '5s'], '--poll-intervall: unknown option. Did you mean --poll-interval?'],
    [['--frobnicate'], '--frobnicate: unknown option. --help lists the options.'],
    [['-v'], '-v: unknown option. --help lists the options.'],
    [['--dry-run', 'yes'], '--dry-run: "yes" is neither true nor false. Allowed: true, false.'],
    [['--dry-run', 'true', 'now'], '"now": this command takes options only.'],
    [
      ['--lifecycle-hook', ''],
      '--lifecycle-hook: "" is empty. Allowed: the name of a lifecycle hook: A-Z a-z 0-9 - _ /, at most 255 characters.',
    ],
    [['now'], '"now": this command takes options only.'],
  ] as const) {
    test(argv.join(' ').slice(0, 60), () => assert.deepEqual(problems([...argv]), [expected]));
  }

  test('in the environment', () => {
    assert.deepEqual(problems([], { ECS_DRAIN_MODE: 'x' }), [
      'ECS_DRAIN_MODE in the environment: "x" is not one of the allowed values. Allowed: drain, deregister.',
    ]);
    assert.deepEqual(problems([], { STATE_DIRECTORY: 'relative' }), [
      'STATE_DIRECTORY in the environment: "relative" is not an absolute path. Allowed: an absolute path to a directory that the agent can write.',
    ]);
  });

  test('in the file', () => {
    assert.deepEqual(problems([], {}, '# x\nECS_DRAIN_MODE=x'), [
      'ECS_DRAIN_MODE in /etc/ecs-drain-agent/agent.conf line 2: "x" is not one of the allowed values. Allowed: drain, deregister.',
    ]);
  });

  test('everything at once', () => {
    const all = problems(['--nope', '--mode', 'x'], { ECS_DRAIN_LOG_LEVEL: 'y' }, 'not an assignment');
    assert.deepEqual(all, [
      '--nope: unknown option. Did you mean --mode?',
      '/etc/ecs-drain-agent/agent.conf line 1: not an assignment. Allowed: NAME=value without a space around =, the value with or without quotes, or # comment on a line of its own.',
      '--mode: "x" is not one of the allowed values. Allowed: drain, deregister.',
      'ECS_DRAIN_LOG_LEVEL in the environment: "y" is not one of the allowed values. Allowed: debug, info, warn, error.',
    ]);
  });

  test('a terminal cannot be commanded by what is shown of a bad value', () => {
    assert.deepEqual(problems(['--mode', '\u001b[2Jx\n']), [
      '--mode: "\\u001b[2Jx\\n" is not one of the allowed values. Allowed: drain, deregister.',
    ]);
  });
});

describe('a configuration file', () => {
  const notAnAssignment = (shown: string) => [
    `/etc/ecs-drain-agent/agent.conf line 1${shown}: not an assignment. Allowed: NAME=value without a space around =, the value with or without quotes, or # comment on a line of its own.`,
  ];
  for (const [line, shown] of [
    ['ECS_DRAIN_MODE', ', which begins with ECS_DRAIN_MODE'],
    ['ECS_DRAIN_MODE = drain', ', which begins with ECS_DRAIN_MODE'],
    ['ECS_DRAIN_MODE="drain', ', which begins with ECS_DRAIN_MODE'],
    ['{"mode":"drain"}', ''],
  ] as const) {
    test(`with ${line}`, () => assert.deepEqual(problems([], {}, line), notAnAssignment(shown)));
  }

  for (const [line, shown] of [
    ['HTTPS_PROXY = http://corp:hunter2@proxy.example.com:3128', ', which begins with HTTPS_PROXY'],
    ['https_proxy="http://corp:hunter2@proxy.example.com:3128" # ours', ', which begins with https_proxy'],
    ['HTTPS_PROXY: http://corp:hunter2@proxy.example.com:3128', ', which begins with HTTPS_PROXY'],
    ['export AWS_SECRET_ACCESS_KEY = hunter2', ', which begins with AWS_SECRET_ACCESS_KEY'],
    ['AWS_SESSION_TOKENhunter2/', ''],
    ['hunter2', ''],
  ] as const) {
    test(`a password in a line that is no assignment is not in the log: ${line}`, () =>
      assert.deepEqual(problems([], {}, line), notAnAssignment(shown)));
  }

  test('the default one that is not there is no problem, one that was named is', () => {
    const missing = (path: string): never => {
      throw Object.assign(new Error(`no ${path}`), { code: 'ENOENT' });
    };
    assert.equal(loadConfig([], {}, missing).kind, 'loaded');
    for (const [argv, environment] of [
      [['--config', '/srv/a.conf'], {}],
      [[], { ECS_DRAIN_CONFIG: '/srv/a.conf' }],
    ] as const) {
      assert.deepEqual(loadConfig([...argv], environment, missing), {
        kind: 'wrong',
        what: 'unreadable',
        problems: [
          "/srv/a.conf: cannot be read (ENOENT). It must be a text file that the agent's user may read; name another with --config or ECS_DRAIN_CONFIG, or remove it to use the defaults.",
        ],
      });
    }
  });

  test('one that cannot be read beside a wrong option: no restart fixes that', () => {
    const missing = (path: string): never => {
      throw Object.assign(new Error(`no ${path}`), { code: 'ENOENT' });
    };
    const loaded = loadConfig([], { ECS_DRAIN_CONFIG: '/srv/a.conf', ECS_DRAIN_MODE: 'x' }, missing);
    assert.equal(loaded.kind === 'wrong' && loaded.what, 'configuration');
  });

  test('one that this user may not read is a problem, the default one too', () => {
    const denied = (): never => {
      throw Object.assign(new Error('permission denied'), { code: 'EACCES' });
    };
    assert.deepEqual(loadConfig([], {}, denied), {
      kind: 'wrong',
      what: 'unreadable',
      problems: [
        "/etc/ecs-drain-agent/agent.conf: cannot be read (EACCES). It must be a text file that the agent's user may read; name another with --config or ECS_DRAIN_CONFIG, or remove it to use the defaults.",
      ],
    });
  });
});

function load(argv: string[], environment: Environment = {}, file = '') {
  return loadConfig(argv, environment, () => file);
}

function loaded(argv: string[], environment: Environment = {}, file = '') {
  const result = load(argv, environment, file);
  assert.ok(result.kind === 'loaded', JSON.stringify(result));
  return result;
}

function problems(argv: string[], environment: Environment = {}, file = '') {
  const result = load(argv, environment, file);
  assert.equal(result.kind, 'wrong');
  return result.kind === 'wrong' ? result.problems : [];
}
