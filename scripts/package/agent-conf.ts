import { optionList } from '../../src/config/options.ts';

/** The configuration file that is installed: every option with its default, commented out. */
export function agentConf(): string {
  const options = optionList
    // The unit gives the state directory, by what systemd may create and the agent may write.
    .filter(({ name }) => name !== 'stateDir')
    .map(({ help, allowed, env, default: value }) =>
      [...wrap(help), ...wrap(`Allowed: ${allowed}.`), `#${env}=${value}`].join('\n'),
    );
  return `${[intro, ...options].join('\n\n')}\n`;
}

const intro = `# Configuration of ecs-drain-agent: NAME=value, one per line. Lines that are commented out show the default.
# You can also set AWS_REGION, AWS_ENDPOINT_URL and every other variable of the AWS SDK here, and HTTPS_PROXY and NO_PROXY.
# Flags and the service's environment override this file. After a change: systemctl restart ecs-drain-agent`;

const width = 110;

function wrap(text: string): string[] {
  const lines: string[] = [];
  let line = '#';
  for (const word of text.split(' ')) {
    if (line.length + 1 + word.length > width) {
      lines.push(line);
      line = '#';
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}
