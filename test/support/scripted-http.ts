import type { Http, HttpRequest, HttpResponse } from '../../src/host/http.ts';

/** An answer, or the failure to give one. */
export type Scripted = HttpResponse | Error;

/** Answers each request by its path, without a network, and remembers what was asked. */
export function scriptedHttp(answer: (request: HttpRequest, path: string) => Scripted): {
  http: Http;
  asked: string[];
  requests: HttpRequest[];
} {
  const asked: string[] = [];
  const requests: HttpRequest[] = [];
  return {
    asked,
    requests,
    http: async (request) => {
      const { pathname } = new URL(request.url);
      asked.push(`${request.method} ${pathname}`);
      requests.push(request);
      const said = answer(request, pathname);
      if (said instanceof Error) throw said;
      return said;
    },
  };
}

export const text = (body: string, status = 200): HttpResponse => ({ status, body });
export const notFound: HttpResponse = { status: 404, body: '404 - Not Found' };
