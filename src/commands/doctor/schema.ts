import type { JsonSchema } from '../../base/json-schema.ts';
import { JSON_VERSION } from '../json-version.ts';

/** What `doctor --json` prints. docs/schemas/doctor.schema.json is made from it. */
export const doctorSchema: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'ecs-drain-agent doctor --json',
  description: '',
  type: 'object',
  properties: {
    schemaVersion: {
      type: 'integer',
      const: JSON_VERSION,
      description: 'The version of this form. It rises when a field goes or means something else.',
    },
    version: { type: 'string', description: 'The version of the command.' },
    ok: { type: 'boolean', description: 'Whether no check has failed.' },
    blocked: {
      type: 'boolean',
      description: 'Whether a drain is on here that cannot go on before something is fixed.',
    },
    checks: {
      type: 'array',
      description: 'The checks, in the order in which they were made.',
      items: {
        type: 'object',
        properties: {
          name: { type: 'string', description: 'What was checked. Several checks can have the same name.' },
          status: {
            type: 'string',
            enum: ['ok', 'warn', 'FAIL', 'skip'],
            description: 'What came of it.',
          },
          detail: { type: 'string', description: 'What was found, in plain words.' },
          fix: { type: 'string', description: 'What to do about it, for warn and FAIL.' },
        },
        required: ['name', 'status', 'detail'],
      },
    },
  },
  required: ['schemaVersion', 'version', 'ok', 'blocked', 'checks'],
};
