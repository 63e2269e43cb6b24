import { readFileSync } from 'node:fs';

/**
 * An event in the form that AWS's documentation shows: the EventBridge examples of the Auto Scaling user guide (event
 * reference; warm pool events), the notification of its lifecycle hook guide, and the SNS and SQS records of the
 * Lambda developer guide around them. Times are filled in, the notification is made a terminating one, and the
 * instances of a batch are told apart.
 */
export function lambdaEvent(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`./events/${name}.json`, import.meta.url), 'utf8'));
}
