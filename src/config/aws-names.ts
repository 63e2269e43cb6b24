import { isCluster } from '../base/arn.ts';
import { optional } from './option.ts';
import { type Parsed, parsed, wrong } from './parsed.ts';

/** Reads what AWS calls something. Nothing given is nothing. */
export const awsNames = {
  cluster: named(isCluster, 'is not the name of an ECS cluster'),
  group: named((text) => /^[^\s/:]{1,255}$/.test(text), 'is not the name of an Auto Scaling group'),
  region: named((text) => /^[a-z0-9-]{1,40}$/.test(text), 'is not the name of a Region'),
  /** A FIFO queue would take messages of one group at a time. */
  queueUrl: named(
    (text) => URL.canParse(text) && /^https?:\/\/[^\s/?#]+\/([^\s?#]*\/)?[A-Za-z0-9_-]{1,80}$/.test(text),
    'is not the URL of a standard queue',
  ),
};

function named(isOne: (text: string) => boolean, why: string) {
  return optional((text): Parsed<string> => (isOne(text) ? parsed(text) : wrong(why)));
}
