import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export type Ec2Request = Readonly<Record<string, string>>;

/** What to answer to one request. */
export type Ec2Answer =
  | 'ok'
  | 'reset'
  | { readonly status: number; readonly code: string; readonly message: string };

/** An EC2 that does nothing but keep what it was asked, and answer as told (default: with success). */
export async function startRecordingEc2(answers: Ec2Answer[] = []) {
  const requests: Ec2Request[] = [];
  const server = createServer(async (request, response) => {
    requests.push(Object.fromEntries(new URLSearchParams(await text(request))));
    const answer = answers.shift() ?? 'ok';
    if (answer === 'reset') {
      request.socket.destroy();
      return;
    }
    if (answer === 'ok') {
      response
        .writeHead(200, { 'Content-Type': 'text/xml;charset=UTF-8' })
        .end(
          '<?xml version="1.0" encoding="UTF-8"?><CreateTagsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">' +
            '<requestId>7a62c49f-347e-4fc4-9331-6e8eEXAMPLE</requestId><return>true</return></CreateTagsResponse>',
        );
      return;
    }
    response
      .writeHead(answer.status, { 'Content-Type': 'text/xml;charset=UTF-8' })
      .end(
        `<?xml version="1.0" encoding="UTF-8"?><Response><Errors><Error><Code>${answer.code}</Code>` +
          `<Message>${answer.message}</Message></Error></Errors><RequestID>ea966190-f9aa-478e-9ede-example</RequestID></Response>`,
      );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    answers,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
