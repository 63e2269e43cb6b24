import { readFileSync } from 'node:fs';

/**
 * An event as AWS's documentation shows it: the EventBridge examples of the Auto Scaling user guide (event
 * reference; warm pool events), the notification fields of its lifecycle hook guide, and the SNS and SQS records
 * of the Lambda developer guide around them.
 */
export function lambdaEvent(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`./events/${name}.json`, import.meta.url), 'utf8'));
}
