import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { parse } from 'yaml';
import { series } from '../../../src/metrics/series.ts';

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
const names = (text: string) => new Set(text.match(/\b(?:ecs_drain_agent|process)_[a-z_]+/g));

it('docs/metrics.md lists every series, with its type and meaning', () => {
  const rows = [...read('docs/metrics.md').matchAll(/^\| `(\w+)` \| (gauge|counter) \| .* \| (.*) \|$/gm)];
  assert.deepEqual(
    rows.map(([, name, type, help]) => ({ name, type, help })),
    Object.entries(series).map(([name, { type, help }]) => ({ name, ...{ type, help } })),
  );
});

it('docs/metrics.md lists every alert, and the alerts ask for series that there are', () => {
  const { groups } = parse(read('deploy/prometheus/alerts.yml')) as {
    groups: { rules: { alert: string; expr: string }[] }[];
  };
  const rules = groups.flatMap((group) => group.rules);
  const page = read('docs/metrics.md');
  const described = [...page.matchAll(/^\| `((?:Drain|Retained)[A-Za-z]+)` \| /gm)].map(([, name]) => name);
  assert.deepEqual(
    described.filter((name) => name !== 'DrainSeconds'),
    rules.map(({ alert }) => alert),
  );
  const others = /\b(?:up|node_textfile_mtime_seconds)\b/;
  for (const { alert, expr } of rules) {
    assert.ok(names(expr).size > 0 || others.test(expr), `${alert} can never fire`);
    for (const name of names(expr)) assert.ok(name in series, `${name} is no series`);
  }
});

it('the dashboard shows every series, and asks for no other', () => {
  const dashboard = JSON.parse(read('deploy/grafana/dashboard.json')) as {
    panels: {
      id: number;
      title: string;
      gridPos: { x: number; y: number; w: number; h: number };
      targets: { expr: string; datasource: { uid: string } }[];
    }[];
  };
  const { panels } = dashboard;
  const asked = names(panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)).join('\n'));
  for (const name of asked) assert.ok(name in series, `${name} is no series`);
  const left = Object.keys(series).filter((name) => !asked.has(name));
  // A throttle is an error by kind there, a signal is in the log, and a start is seen as a version's.
  assert.deepEqual(left, [
    'ecs_drain_agent_signal',
    'ecs_drain_agent_aws_throttles_total',
    'process_start_time_seconds',
  ]);
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  for (const { title, targets, gridPos } of panels) {
    for (const { datasource } of targets) assert.equal(datasource.uid, '$' + '{datasource}', title);
    assert.ok(gridPos.x + gridPos.w <= 24, `${title} is wider than the page`);
    const over = panels.filter(
      ({ gridPos: other }) =>
        gridPos.x < other.x + other.w &&
        other.x < gridPos.x + gridPos.w &&
        gridPos.y < other.y + other.h &&
        other.y < gridPos.y + gridPos.h,
    );
    assert.equal(over.length, 1, `${title} lies over another panel`);
  }
});
