import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { listen } from '../../src/sandbox/wire/port.ts';
import { element, escapeXml } from '../../src/sandbox/wire/xml.ts';
import type { Messaging, MessagingError, MessagingInput, MessagingOutput } from './messaging.ts';

type Answer = { readonly status: number; readonly type: string; readonly body: string };

/** Serves SNS and SQS on one loopback port. SQS speaks AWS JSON to newer SDKs and AWS Query to older ones. */
export async function serveMessaging(messaging: Messaging): Promise<string> {
  const server = createServer((request, response) => {
    handle(messaging, request).then(
      ({ status, type, body }) => response.writeHead(status, { 'content-type': type }).end(body),
      // Somebody who was killed while asking.
      () => response.destroy(),
    );
  });
  await listen(server, '127.0.0.1', 0);
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function handle(messaging: Messaging, request: IncomingMessage): Promise<Answer> {
  const body = await text(request);
  const origin = `http://${request.headers.host}`;
  const target = request.headers['x-amz-target'];
  if (typeof target === 'string') {
    const action = target.slice(target.indexOf('.') + 1);
    const input = JSON.parse(body) as MessagingInput;
    return messaging.answer(action, input, origin).then(inJson, errorInJson);
  }
  const input = Object.fromEntries(new URLSearchParams(body));
  const action = input.Action ?? '';
  return messaging.answer(action, input, origin).then((output) => inXml(action, output), errorInXml);
}

const JSON_TYPE = 'application/x-amz-json-1.0';

function inJson(output: MessagingOutput): Answer {
  return { status: 200, type: JSON_TYPE, body: JSON.stringify(output) };
}

function errorInJson({ name, message }: MessagingError): Answer {
  const body = JSON.stringify({ __type: `com.amazonaws.sqs#${name}`, message });
  return { status: 400, type: JSON_TYPE, body };
}

function inXml(action: string, { Attributes, Messages, ...members }: MessagingOutput): Answer {
  // SQS's lists have no element of their own around them.
  const attributes = Object.entries(Attributes ?? {}).map(([Name, Value]) =>
    element('Attribute', flat({ Name, Value })),
  );
  const messages = (Messages ?? []).map((message) => element('Message', flat(message)));
  const result = flat(members) + attributes.join('') + messages.join('');
  const metadata = element('ResponseMetadata', element('RequestId', randomUUID()));
  const body = element(`${action}Response`, element(`${action}Result`, result) + metadata);
  return { status: 200, type: 'text/xml', body };
}

function errorInXml({ name, message }: MessagingError): Answer {
  const code = name === 'QueueDoesNotExist' ? 'AWS.SimpleQueueService.NonExistentQueue' : name;
  const error = flat({ Type: 'Sender', Code: code, Message: message });
  const body = element('ErrorResponse', element('Error', error) + element('RequestId', randomUUID()));
  return { status: 400, type: 'text/xml', body };
}

function flat(members: Readonly<Record<string, string>>): string {
  return Object.entries(members)
    .map(([name, value]) => element(name, escapeXml(value)))
    .join('');
}
