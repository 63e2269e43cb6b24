import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { doctorSchema } from '../src/commands/doctor/schema.ts';
import { statusSchema } from '../src/commands/status-schema.ts';
import { configurationPage } from './docs/configuration.ts';
import { eventsPage } from './docs/events.ts';
import { oneshotTables, scalerTables, withTables } from './docs/options.ts';
import { schemaFile, statusPage } from './docs/status.ts';

// `npm run docs` writes the pages that are made from the program's own tables; with --check it only compares.

const page = (name: string) => readFileSync(new URL(`../docs/${name}`, import.meta.url), 'utf8');
const pages = {
  'docs/configuration.md': configurationPage(),
  'docs/events.md': eventsPage(),
  'docs/status.md': statusPage(),
  'docs/oneshot.md': withTables(page('oneshot.md'), oneshotTables()),
  'docs/scaling.md': withTables(page('scaling.md'), scalerTables()),
  'docs/schemas/status.schema.json': schemaFile(statusSchema),
  'docs/schemas/doctor.schema.json': schemaFile(doctorSchema),
};
const isCheck = process.argv.includes('--check');

for (const [name, text] of Object.entries(pages)) {
  const path = fileURLToPath(new URL(`../${name}`, import.meta.url));
  if (!isCheck) {
    writeFileSync(path, text);
    console.log(`wrote ${name}`);
  } else if (textOf(path) !== text) {
    console.error(
      `${name} is not what the program's own tables make it: run \`npm run docs\` and commit it.`,
    );
    process.exitCode = 1;
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
