/** Everything that the tagger can log. No message is logged as it came: it may carry what users put into it. */
export type TaggerEvent =
  | { event: 'tag.put'; level: 'info'; source: Source; instanceId: string; key: string; value: string }
  | { event: 'notice.ignored'; level: 'info'; source: Source; why: string; instanceId?: string }
  | { event: 'instance.gone'; level: 'info'; source: Source; instanceId: string }
  | {
      event: 'notice.failed';
      level: 'error';
      source: Source;
      error: string;
      message: string;
      instanceId?: string;
      /** The SQS message that goes back to its queue. */
      messageId?: string;
    };

export type Source = 'eventbridge' | 'sns' | 'sqs';

export type TaggerLog = (event: TaggerEvent) => void;

/**
 * One JSON object a line, written past `console`, which in Lambda puts a prefix before the line that would keep
 * CloudWatch Logs Insights from reading the fields.
 */
export const logLine: TaggerLog = (event) => {
  process.stdout.write(`${JSON.stringify(event)}\n`);
};
